<?php

use Warmcart\Signature;

final class SignatureTest extends PluginTestCase {

	/** The server verifies the very same recordings: both sides read one file. */
	public function test_it_signs_as_the_recorded_plugin_did() {
		$file    = dirname( __DIR__ ) . '/payloads/woocommerce_plugin/0001-cart.json';
		$request = json_decode( file_get_contents( $file ), true );
		$secret  = '19bdc5fdb8220f676b7f4304af151d06abb0f18497becb93111da54cf76dcef3';
		$told    = $request['headers'];
		$signed  = Signature::headers( $secret, $told['X-Warmcart-Nonce'], (int) $told['X-Warmcart-Timestamp'], $request['body'] );
		$this->assertSame( $told['X-Warmcart-Signature'], $signed['X-Warmcart-Signature'] );
	}

	public function test_a_proof_is_never_the_signature_of_an_event() {
		$secret = str_repeat( 'ab', 32 );
		$event  = Signature::headers( $secret, 'nonce', 1, 'body' );
		$this->assertNotSame( $event['X-Warmcart-Signature'], Signature::proof( $secret, '1.nonce.body' ) );
	}

	public function test_secrets_are_hex_and_never_the_same() {
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{64}$/', Signature::random( 32 ) );
		$this->assertNotSame( Signature::random( 32 ), Signature::random( 32 ) );
	}
}
