<?php

use Warmcart\Connection;
use Warmcart\Flush;
use Warmcart\Options;
use Warmcart\Question;
use Warmcart\Signature;
use Warmcart\Tables;

final class ConnectionTest extends PluginTestCase {

	private function accepting() {
		$answer = array( 'id' => 'abc', 'deliveries' => 'https://warmcart.example/webhooks/woocommerce/abc', 'time' => time() + 90 );
		return array( 'status' => 200, 'body' => json_encode( $answer ) );
	}

	public function test_connecting_keeps_a_secret_that_is_not_loaded_on_every_page() {
		$this->answers( $this->accepting() );
		$this->assertSame( '', Connection::connect( 'https://warmcart.example/' ) );
		$this->assertTrue( Options::is_connected() );
		$kept = $GLOBALS['wordpress']['options'];
		$this->assertFalse( $kept[ Options::CONNECTION ]['autoload'] );
		$this->assertArrayNotHasKey( Options::ATTEMPT, $kept );
		$this->assertStringNotContainsString( Options::connection()['secret'], json_encode( Options::settings() ) );
		$this->assertEqualsWithDelta( 90, Options::connection()['offset'], 2 );
		$this->assertSame( 'https://warmcart.example/install/woocommerce/plugin', $this->posted()[0]['url'] );
	}

	public function test_while_it_connects_the_shop_proves_that_it_made_the_secret() {
		$this->answers( function ( $url, $request ) {
			$told    = json_decode( $request['body'], true );
			$answer  = Connection::prove( array( 'challenge' => 'xyz' ) );
			$this->assertSame( Signature::proof( $told['secret'], 'xyz' ), $answer->data['proof'] );
			$this->assertSame( 'no-store', $answer->headers['Cache-Control'] );
			return $this->accepting();
		} );
		$this->assertSame( '', Connection::connect( 'https://warmcart.example' ) );
	}

	public function test_at_any_other_time_it_proves_nothing() {
		$this->connect();
		$this->assertTrue( is_wp_error( Connection::prove( array( 'challenge' => 'xyz' ) ) ) );
		update_option( Options::ATTEMPT, array( 'secret' => 'x', 'until' => time() - 1 ) );
		$this->assertSame( 'warmcart_no_attempt', Connection::prove( array( 'challenge' => 'xyz' ) )->code );
	}

	public function test_connecting_again_makes_a_new_secret_and_a_refusal_keeps_the_old_one() {
		$this->answers( $this->accepting(), $this->accepting(), array( 'status' => 403, 'body' => '{"error":"Not you."}' ) );
		Connection::connect( 'https://warmcart.example' );
		$first = Options::connection()['secret'];
		Connection::connect( 'https://warmcart.example' );
		$second = Options::connection()['secret'];
		$this->assertNotSame( $first, $second );
		$this->assertSame( 'Not you.', Connection::connect( 'https://warmcart.example' ) );
		$this->assertSame( $second, Options::connection()['secret'] );
	}

	/** @dataProvider answers_of_strangers */
	public function test_a_page_of_somebody_else_is_no_server( $answer ) {
		$this->answers( $answer );
		$this->assertNotSame( '', Connection::connect( 'https://warmcart.example' ) );
		$this->assertFalse( Options::is_connected() );
	}

	public function answers_of_strangers() {
		return array(
			array( array( 'status' => 200, 'body' => '<h1>Hello</h1>' ) ),
			array( array( 'status' => 200, 'body' => '{"id":"abc"}' ) ),
			array( array( 'status' => 302 ) ),
			array( array( 'status' => 500, 'body' => '{"error":["x"]}' ) ),
			array( new WP_Error( 'http', 'no route to host' ) ),
		);
	}

	/** @dataProvider addresses */
	public function test_only_https_addresses_are_servers( $address, $good ) {
		$this->assertSame( $good, '' === Connection::problem_of( $address ) );
	}

	public function addresses() {
		return array(
			array( 'https://warmcart.example.com', true ),
			array( 'http://localhost:8000', true ),
			array( 'http://127.0.0.1:8000', true ),
			array( 'http://warmcart.example.com', false ),
			array( 'https://me@warmcart.example.com', false ),
			array( 'https://warmcart.example.com/?x=1', false ),
			array( 'ftp://localhost', false ),
			array( 'warmcart', false ),
			array( '//warmcart.example.com', false ),
			array( '', false ),
		);
	}

	public function test_disconnecting_forgets_the_secret_and_all_that_waits() {
		$this->connect();
		$this->answers( array( 'status' => 200, 'body' => '{}' ) );
		Connection::disconnect();
		$this->assertFalse( Options::is_connected() );
		$this->assertSame( array(), Options::connection() );
		$this->assertSame( array(), $GLOBALS['wordpress']['scheduled'] );
	}

	public function test_an_erasure_that_waits_is_not_forgotten_with_the_connection() {
		$GLOBALS['wpdb']->statements = array();
		$this->connect();
		$this->answers( array( 'status' => 200, 'body' => '{}' ) );
		Connection::disconnect();
		$this->assertContains( 'DELETE FROM %i WHERE subject NOT LIKE %s', $GLOBALS['wpdb']->statements );
	}

	public function test_the_tables_of_a_site_go_with_it() {
		$this->assertSame( array( 'wp_posts', 'wp_warmcart_outbox', 'wp_warmcart_cart', 'wp_warmcart_opening' ), Tables::add_ours( array( 'wp_posts' ) ) );
	}

	public function test_a_copy_of_the_shop_neither_tells_nor_asks_nor_says_good_bye() {
		update_option( 'home', 'https://shop.example/boutique' );
		$this->connect();
		$GLOBALS['wordpress']['rows'] = array( (object) array( 'id' => 1, 'nonce' => 'first', 'body' => '{}' ) );
		update_option( 'home', 'https://staging.shop.example/boutique' );
		$this->assertFalse( Options::is_connected() );
		Flush::run();
		Question::ask( Question::LOGIN );
		Connection::connect_again();
		Connection::disconnect();
		$this->assertSame( array(), $this->posted() );
		$this->assertSame( array( false, false ), array( Options::is_copy(), Options::is_connected() ), 'disconnected here, it is a shop of its own' );
	}

	public function test_https_and_www_make_no_copy_and_a_shop_that_moved_is_connected_anew() {
		update_option( 'home', 'http://www.Shop.example/' );
		$this->connect();
		update_option( 'home', 'https://shop.example' );
		$this->assertTrue( Options::is_connected() );
		update_option( 'home', 'https://new.example' );
		$this->answers( $this->accepting() );
		Connection::connect( 'https://warmcart.example' );
		$this->assertTrue( Options::is_connected() );
	}
}
