<?php

use Warmcart\Consent_Box;
use Warmcart\Memory;
use Warmcart\Options;
use Warmcart\Openings;
use Warmcart\Orders;
use Warmcart\Outbox;
use Warmcart\Person;
use Warmcart\Policy;
use Warmcart\Privacy;
use Warmcart\Question;

/** What WordPress's own tools for personal data get, of rows that the database gives in turn. */
final class PrivacyTest extends PluginTestCase {

	const EMAIL = 'ruby@example.com';

	private function privacy( $outbox = null ) {
		return new Privacy( new Memory(), new Openings(), $outbox ? $outbox : new Outbox() );
	}

	private function answer( array $content, $status = 200 ) {
		return array( 'status' => $status, 'body' => json_encode( $content ) );
	}

	private function cart( array $typed, $owner = 't_1', array $box = array(), array $more = array() ) {
		$typed = json_encode( $typed );
		$box   = json_encode( $box );
		return array_map( function ( $part ) {
			return is_array( $part ) ? json_encode( $part ) : $part;
		}, $more ) + array( 'owner' => $owner, 'cart_key' => md5( $typed ), 'created_at' => 1795832020, 'updated_at' => 1795832020, 'order_id' => 0, 'page' => '', 'typed' => $typed, 'box' => $box );
	}

	/** The four questions of Person: carts, events, carts again, visits by a link. */
	private function rows( array $carts, array $events = array(), array $visits = array() ) {
		$GLOBALS['wordpress']['results'] = array( $carts, $events, $carts, $visits );
	}

	private function order( $phone, $country = 'AU', array $meta = array() ) {
		$order       = new Fake_Order();
		$order->meta = $meta + compact( 'phone', 'country' );
		return $order;
	}

	private function asked( $number = 0 ) {
		return json_decode( $this->posted()[ $number ]['body'], true );
	}

	public function test_the_server_is_asked_by_the_address_and_by_every_number_beside_it() {
		$this->connect();
		$GLOBALS['wordpress']['users']     = array( self::EMAIL => 31 );
		$GLOBALS['wordpress']['user_meta'] = array( 'billing_phone' => '0412 000 002', 'billing_country' => 'AU' );
		$GLOBALS['wordpress']['orders']    = array( $this->order( '0412 000 003' ), $this->order( '0412 000 002' ), $this->order( '' ) );
		$this->rows( array( $this->cart( array( 'phone' => '0412 000 001', 'email' => 'Ruby@Example.com', 'country' => 'NZ' ) ) ) );
		$this->answers( $this->answer( array( 'rows' => array(), 'done' => true, 'left_out' => 0 ) ) );
		$this->privacy()->export( self::EMAIL );
		$asked = $this->asked();
		$this->assertSame( array( 'export', self::EMAIL, 31, 1, 1 ), array( $asked['type'], $asked['email'], $asked['customer_id'], $asked['page'], $asked['user'] ) );
		$this->assertSame( array( '0412 000 001 NZ', '0412 000 002 AU', '0412 000 003 AU' ), array_map( function ( $phone ) {
			return implode( ' ', $phone );
		}, $asked['phones'] ) );
	}

	public function test_what_lies_here_and_there_becomes_groups_that_can_be_read_and_hold_no_html_of_others() {
		$this->connect();
		$GLOBALS['wordpress']['orders'] = array( $this->order( '', '', array( Consent_Box::META => '1', Consent_Box::META . '_wording' => 'Text me.' ) ) );
		$event = (object) array( 'id' => 4, 'subject' => 'cart:x', 'body' => json_encode( array( 'cart' => array( 'shopper' => array( 'email' => self::EMAIL ) ) ) ), 'created_at' => 1795832020 );
		$this->rows( array( $this->cart( array( 'phone' => '<b>0412</b>', 'email' => self::EMAIL ), 't_1', array( 'ip' => '192.0.2.1' ) ) ), array( $event ) );
		$row = array( 'kind' => 'contact', 'fields' => array( array( 'first name', "<script>\nRuby" ), array( 'phone', '+61412' ) ) );
		$this->answers( $this->answer( array( 'rows' => array( $row ), 'done' => true, 'left_out' => 2 ) ) );
		$answer = $this->privacy()->export( self::EMAIL );
		$this->assertTrue( $answer['done'] );
		$this->assertSame( array( 'warmcart-shop', 'warmcart-shop', 'warmcart-shop', 'warmcart-contact', 'warmcart-shop' ), array_column( $answer['data'], 'group_id' ) );
		$this->assertSame( 'Warmcart: contact', $answer['data'][3]['group_label'] );
		$this->assertSame( array( 'name' => 'First name', 'value' => '&lt;script&gt;; Ruby' ), $answer['data'][3]['data'][0] );
		$told = json_encode( $answer['data'] );
		$this->assertStringContainsString( '192.0.2.1', $told );
		$this->assertStringContainsString( 'Text me.', $told );
		$this->assertStringNotContainsString( '<b>', $told );
		$this->assertCount( 5, array_unique( array_column( $answer['data'], 'item_id' ) ) );
	}

	public function test_what_was_typed_into_the_checkout_is_told_be_it_by_a_link_to_somebody_elses_cart() {
		$fields = array( 'billing' => array( 'email' => self::EMAIL, 'first_name' => 'Ruby', 'last_name' => 'Shopper', 'address_1' => '2 George St', 'phone' => '0412 1', 'country' => 'AU' ), 'shipping' => array( 'first_name' => 'Ruby', 'address_1' => '9 Pitt St' ) );
		$goods  = array( 'lines' => array( array( 'quantity' => 2, 'title' => 'Blue mug' ) ) );
		$visit  = array( 'id' => 8, 'owner' => 't_9', 'opened_at' => 1795832020, 'typed' => json_encode( array( 'email' => self::EMAIL, 'phone' => '0412 9' ) ), 'box' => null );
		$other  = array( 'id' => 9, 'typed' => json_encode( array( 'email' => 'not-' . self::EMAIL ) ) ) + $visit;
		$this->rows( array( $this->cart( array(), '#x', array(), compact( 'fields', 'goods' ) ) ), array(), array( $visit, $other ) );
		$told = json_encode( $this->privacy()->export( self::EMAIL )['data'] );
		foreach ( array( 'Ruby, Shopper', '2 George St', '9 Pitt St', '2 x Blue mug', '0412 9' ) as $words ) {
			$this->assertStringContainsString( $words, $told );
		}
		$this->assertStringNotContainsString( 'not-ruby', $told );
		$this->connect();
		$this->rows( array( $this->cart( array(), '#x', array(), compact( 'fields' ) ) ), array(), array( $visit, $other ) );
		$this->answers( $this->answer( array( 'erased' => false ) ) );
		$GLOBALS['wpdb']->statements = array();
		$this->assertTrue( $this->privacy()->erase( self::EMAIL )['items_removed'] );
		$this->assertCount( 1, preg_grep( '/^UPDATE .* SET typed = NULL/', $GLOBALS['wpdb']->statements ) );
		$this->assertSame( array( '0412 9', '0412 1' ), array_column( $this->asked()['phones'], 'phone' ) );
	}

	public function test_a_long_export_comes_page_by_page_and_tells_what_lies_here_once() {
		$this->connect();
		$this->rows( array( $this->cart( array( 'email' => self::EMAIL ) ) ) );
		$this->answers( $this->answer( array( 'rows' => array(), 'done' => false ) ), $this->answer( array( 'rows' => array(), 'done' => true ) ) );
		$first = $this->privacy()->export( self::EMAIL, 1 );
		$this->rows( array( $this->cart( array( 'email' => self::EMAIL ) ) ) );
		$second = $this->privacy()->export( self::EMAIL, 2 );
		$this->assertSame( array( false, true, 1, 0 ), array( $first['done'], $second['done'], count( $first['data'] ), count( $second['data'] ) ) );
		$this->assertSame( 2, $this->asked( 1 )['page'] );
	}

	public function test_while_the_server_is_away_there_is_no_half_export_but_a_sentence() {
		$this->connect();
		$this->answers( new WP_Error( 'http', 'timed out' ), array( 'status' => 503 ) );
		$this->assertTrue( is_wp_error( $this->privacy()->export( self::EMAIL ) ) );
		$GLOBALS['wordpress']['ajax'] = true;
		$this->expectException( DomainException::class );
		$this->expectExceptionMessage( 'status 503' );
		$this->privacy()->export( self::EMAIL );
	}

	public function test_an_erasure_reaches_here_and_there() {
		$this->connect();
		$this->rows( array( $this->cart( array( 'email' => self::EMAIL ) ) ) );
		$this->answers( $this->answer( array( 'erased' => true, 'left_out' => 0 ) ), $this->answer( array( 'erased' => false, 'left_out' => 0 ) ) );
		$this->assertSame( array( 'items_removed' => true, 'items_retained' => false, 'messages' => array(), 'done' => true ), $this->privacy()->erase( self::EMAIL ) );
		$this->assertSame( 'erase', $this->asked()['type'] );
		$this->assertFalse( $this->privacy()->erase( self::EMAIL )['items_removed'] );
	}

	public function test_a_number_that_was_left_alone_is_said() {
		$this->connect();
		$this->answers( $this->answer( array( 'erased' => true, 'left_out' => 1 ) ) );
		$outcome = $this->privacy()->erase( self::EMAIL );
		$this->assertSame( array( true, true, 1 ), array( $outcome['items_removed'], $outcome['items_retained'], count( $outcome['messages'] ) ) );
	}

	/** @dataProvider away */
	public function test_an_erasure_that_the_server_was_not_told_of_waits_and_is_told_as_not_done( $answer ) {
		$this->connect();
		$outbox = new MemoryOutbox();
		$this->answers( $answer );
		$outcome = $this->privacy( $outbox )->erase( self::EMAIL );
		$this->assertSame( array( false, true, true ), array( $outcome['items_removed'], $outcome['items_retained'], $outcome['done'] ) );
		$this->assertStringContainsString( 'cannot be reached', $outcome['messages'][0] );
		$this->assertSame( 'erase', $outbox->erasures[ self::EMAIL ]['type'] );
		$this->assertNotSame( array(), $GLOBALS['wordpress']['scheduled'] );
	}

	public function away() {
		return array( array( new WP_Error( 'http', 'no route' ) ), array( array( 'status' => 502 ) ), array( array( 'status' => 429 ) ) );
	}

	public function test_a_server_that_does_not_know_us_is_no_server_to_wait_for() {
		$this->connect();
		$outbox = new MemoryOutbox();
		$this->answers( array( 'status' => 404 ) );
		$outcome = $this->privacy( $outbox )->erase( self::EMAIL );
		$this->assertTrue( $outcome['items_retained'] );
		$this->assertSame( array(), $outbox->erasures );
	}

	public function test_a_shop_that_was_connected_once_says_where_else_data_may_be() {
		Options::change_settings( array( 'server' => 'https://warmcart.example' ) );
		$this->assertStringContainsString( 'not connected', $this->privacy()->erase( self::EMAIL )['messages'][0] );
		Options::change_settings( array( 'server' => '' ) );
		$this->assertSame( array(), $this->privacy()->erase( self::EMAIL )['messages'] );
		$this->assertTrue( $this->privacy()->export( self::EMAIL )['done'] );
		$this->assertSame( array(), $this->posted() );
	}

	public function test_only_rows_of_that_very_person_are_theirs() {
		$theirs = array( 'key', 'x' );
		$events = array(
			(object) array( 'id' => 1, 'subject' => 'cart:a', 'body' => '{"cart":{"shopper":{"email":"RUBY@example.com"}}}', 'created_at' => 1 ),
			(object) array( 'id' => 2, 'subject' => 'cart:b', 'body' => '{"cart":{"shopper":{"email":"not-ruby@example.com"}}}', 'created_at' => 1 ),
			(object) array( 'id' => 3, 'subject' => 'order:28', 'body' => '{}', 'created_at' => 1 ),
			(object) array( 'id' => 4, 'subject' => 'erase:1', 'body' => '{"email":"ruby@example.com"}', 'created_at' => 1 ),
			(object) array( 'id' => 5, 'subject' => 'order:9', 'body' => '{"order":{"billing":{"email":"ruby@example.com"}}}', 'created_at' => 1 ),
		);
		$carts = array( $this->cart( array( 'email' => 'not-ruby@example.com' ) ), $this->cart( array( 'phone' => '1' ), '31' ), $this->cart( array( 'phone' => '2' ), '0' ) );
		$GLOBALS['wordpress']['orders'] = array( $this->order( '', '', array( Orders::META => $theirs[1] ) ) );
		$this->rows( $carts, $events );
		$stranger = new Person( self::EMAIL, new Memory(), new Openings(), new Outbox() );
		$this->assertSame( array( 1, 3, 5 ), array_column( $stranger->waiting, 'id' ) );
		$this->assertSame( array(), $stranger->carts );
		$GLOBALS['wordpress']['users'] = array( self::EMAIL => 31 );
		$this->rows( $carts, $events );
		$this->assertCount( 1, ( new Person( self::EMAIL, new Memory(), new Openings(), new Outbox() ) )->carts );
	}

	public function test_the_eraser_of_the_plugin_comes_first() {
		$this->assertSame( array( 'warmcart', 'woocommerce' ), array_keys( $this->privacy()->add_eraser( array() ) + array( 'woocommerce' => 1 ) ) );
		$this->assertArrayHasKey( 'callback', $this->privacy()->add_exporter( array() )['warmcart'] );
	}

	public function test_the_suggested_policy_says_how_long_things_are_kept() {
		$text = Policy::text();
		$this->assertStringContainsString( Memory::KEPT_DAYS . ' days', $text );
		$this->assertStringContainsString( Outbox::KEPT_DAYS . ' days', $text );
		$this->assertSame( substr_count( $text, '<p' ), substr_count( $text, '</p>' ) );
	}
}
