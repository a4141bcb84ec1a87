<?php

use Warmcart\Beacon;
use Warmcart\Cart_Body;
use Warmcart\Locale;

final class CaptureTest extends PluginTestCase {

	private function server( array $changes = array() ) {
		return array_merge( array( 'REQUEST_METHOD' => 'POST', 'HTTP_ORIGIN' => 'https://shop.example', 'HTTP_SEC_FETCH_SITE' => 'same-origin' ), $changes );
	}

	public function test_only_pages_of_the_shop_may_tell() {
		$home = 'https://shop.example/boutique';
		$this->assertTrue( Beacon::is_from_here( $this->server(), $home ) );
		$old = $this->server();
		unset( $old['HTTP_SEC_FETCH_SITE'] );
		$this->assertTrue( Beacon::is_from_here( $old, $home ) );
		foreach ( array(
			array( 'HTTP_ORIGIN' => 'https://evil.example' ),
			array( 'HTTP_ORIGIN' => 'null' ),
			array( 'HTTP_ORIGIN' => '' ),
			array( 'HTTP_ORIGIN' => 'https://shop.example.evil.example' ),
			array( 'HTTP_ORIGIN' => 'https://shop.example:8443' ),
			array( 'HTTP_SEC_FETCH_SITE' => 'cross-site' ),
			array( 'HTTP_SEC_FETCH_SITE' => 'same-site' ),
			array( 'REQUEST_METHOD' => 'GET' ),
		) as $changes ) {
			$this->assertFalse( Beacon::is_from_here( $this->server( $changes ), $home ), json_encode( $changes ) );
		}
	}

	public function test_what_is_typed_is_remembered_and_what_has_no_sense_is_not() {
		$typed = Beacon::read( array(), array( 'phone' => ' 0412 345 678 ', 'email' => 'ruby@example.com', 'country' => 'AU', 'admin' => '1' ), 5 );
		$this->assertSame( array( 'calls' => 1, 'hour' => 5, 'phone' => '0412 345 678', 'email' => 'ruby@example.com', 'country' => 'AU' ), $typed );
		$again = Beacon::read( $typed, array( 'phone' => array( 'x' ), 'email' => "a\nb@c", 'country' => 'Australia' ), 5 );
		$this->assertSame( array( 2, '0412 345 678', 'ruby@example.com', 'AU' ), array( $again['calls'], $again['phone'], $again['email'], $again['country'] ) );
		$this->assertSame( '', Beacon::read( $typed, array( 'phone' => '' ), 5 )['phone'] );
		$this->assertSame( '0412 345 678', Beacon::read( $typed, array( 'phone' => str_repeat( '1', 41 ) ), 5 )['phone'] );
	}

	public function test_a_program_that_calls_without_end_is_not_listened_to() {
		$typed = array( 'hour' => 5, 'calls' => Beacon::MOST_PER_HOUR );
		$this->assertArrayNotHasKey( 'phone', Beacon::read( $typed, array( 'phone' => '1' ), 5 ) );
		$this->assertSame( '1', Beacon::read( $typed, array( 'phone' => '1' ), 6 )['phone'] );
	}

	public function test_translation_plugins_know_the_language_better_than_wordpress() {
		$this->assertSame( 'en_US', Locale::current() );
		$GLOBALS['wordpress']['filters']['wpml_current_language'] = 'pt-br';
		$this->assertSame( 'pt-br', Locale::current() );
		$GLOBALS['wordpress']['filters']['wpml_current_language'] = '<script>';
		$GLOBALS['TRP_LANGUAGE'] = 'de_DE_formal';
		$this->assertSame( 'de_DE_formal', Locale::current() );
		unset( $GLOBALS['TRP_LANGUAGE'] );
	}

	private function memory( array $changes = array() ) {
		return array_merge( array( 'key' => str_repeat( 'a', 32 ), 'created' => 0, 'page' => array(), 'typed' => array(), 'box' => array() ), $changes );
	}

	private function body( array $memory, array $known = array() ) {
		return Cart_Body::of( new Fake_Cart(), new Fake_Customer( $known ), $memory );
	}

	public function test_a_cart_is_told_with_its_lines_and_total() {
		$body = $this->body( $this->memory() );
		$this->assertSame( 'AUD 75.00', "{$body['currency']} {$body['total']}" );
		$line = array( 'product_id' => 13, 'variation_id' => 15, 'quantity' => 2, 'title' => 'Shirt - M', 'image' => 'https://shop.example/7.jpg', 'total' => '70.00', 'meta' => 'k1' );
		$this->assertSame( array( $line ), $body['items'] );
		$this->assertNull( $body['consent'] );
	}

	public function test_what_was_typed_goes_before_what_the_shop_knows_also_when_it_was_deleted() {
		$known = array( 'phone' => '111', 'email' => 'old@example.com' );
		$this->assertSame( '111', $this->body( $this->memory(), $known )['shopper']['phone'] );
		$this->assertSame( '222', $this->body( $this->memory( array( 'typed' => array( 'phone' => '222', 'calls' => 3 ) ) ), $known )['shopper']['phone'] );
		$this->assertSame( '', $this->body( $this->memory( array( 'typed' => array( 'phone' => '' ) ) ), $known )['shopper']['phone'] );
		$this->assertArrayNotHasKey( 'calls', $this->body( $this->memory( array( 'typed' => array( 'calls' => 3 ) ) ) )['shopper'] );
	}

	public function test_the_step_is_as_far_as_the_shopper_came() {
		$there = array( 'page' => array( 'checkout' => true ) );
		$phone = array( 'typed' => array( 'phone' => '222' ) );
		$this->assertSame( 'cart', $this->body( $this->memory() )['step'] );
		$this->assertSame( 'cart', $this->body( $this->memory(), array( 'email' => 'a@example.com' ) )['step'] );
		$this->assertSame( 'cart', $this->body( $this->memory( $there ) )['step'] );
		$this->assertSame( 'contact', $this->body( $this->memory( $there + $phone ) )['step'] );
		$this->assertSame( 'shipping', $this->body( $this->memory( $there + $phone ), array( 'street' => 'George St' ) )['step'] );
	}

	public function test_an_emptied_cart_names_nobody() {
		$body = Cart_Body::emptied( $this->memory( array( 'typed' => array( 'phone' => '222' ) ) ) );
		$this->assertSame( array(), $body['items'] );
		$this->assertStringNotContainsString( '222', json_encode( $body ) );
	}
}
