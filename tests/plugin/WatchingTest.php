<?php

use Warmcart\Capture;
use Warmcart\Consent_Box;
use Warmcart\Options;
use Warmcart\Orders;

final class WatchingTest extends PluginTestCase {

	private $outbox;
	private $memory;

	protected function setUp(): void {
		parent::setUp();
		$this->outbox           = new MemoryOutbox();
		$this->memory           = new Fake_Memory();
		$GLOBALS['woocommerce'] = (object) array(
			'cart'     => new Fake_Cart(),
			'customer' => new Fake_Customer( array() ),
			'session'  => new Fake_Session(),
			'logger'   => new Fake_Logger(),
		);
	}

	private function visit( $quantity ) {
		WC()->cart->quantity = $quantity;
		( new Capture( $this->outbox, $this->memory ) )->look();
	}

	private function orders() {
		return new Orders( $this->outbox, $this->memory, new Capture( $this->outbox, $this->memory ) );
	}

	private function quantities() {
		return array_map( function ( $told ) {
			return array_sum( array_column( $told[1]['cart']['items'], 'quantity' ) );
		}, $this->outbox->told );
	}

	public function test_a_cart_is_told_when_it_changes_and_only_then() {
		foreach ( array( 1, 1, 2, 2, 1 ) as $quantity ) {
			$this->visit( $quantity );
		}
		$this->assertSame( array( 1, 2, 1 ), $this->quantities() );
		$this->assertCount( 1, array_unique( array_column( $this->outbox->told, 0 ) ) );
	}

	public function test_a_visitor_without_a_cart_is_not_looked_at() {
		$this->visit( 0 );
		WC()->session->exists = false;
		$this->visit( 1 );
		$this->assertSame( array(), $this->outbox->told );
		$this->assertNull( $this->memory->kept );
	}

	public function test_the_session_of_an_app_which_cannot_be_asked_is_one() {
		WC()->session = new class() {
			public function get_customer_id() {
				return 't_app';
			}
		};
		$this->visit( 1 );
		$this->assertSame( array( 1 ), $this->quantities() );
	}

	public function test_an_emptied_cart_is_told_once_and_may_be_filled_again() {
		foreach ( array( 1, 0, 0, 1 ) as $quantity ) {
			$this->visit( $quantity );
		}
		$this->assertSame( array( 1, 0, 1 ), $this->quantities() );
	}

	public function test_a_cart_that_became_an_order_is_not_told_as_emptied_and_the_next_is_another() {
		$this->visit( 1 );
		$this->orders()->made_by_block( new Fake_Order() );
		$this->visit( 0 );
		$this->visit( 2 );
		$this->assertSame( array( 1, 2 ), $this->quantities() );
		list( $first, $next ) = array_column( $this->outbox->told, 0 );
		$this->assertNotSame( $first, $next );
	}

	public function test_the_languages_of_the_shop_and_of_the_checkout_are_told_apart() {
		$GLOBALS['wordpress']['locale'] = 'de_DE';
		$this->visit( 1 );
		$GLOBALS['wordpress']['locale']   = 'fr_FR';
		$GLOBALS['wordpress']['checkout'] = true;
		$this->visit( 1 );
		$cart = end( $this->outbox->told )[1]['cart'];
		$this->assertSame( array( 'fr_FR', 'de_DE' ), array( $cart['locale'], $cart['storefront_locale'] ) );
	}

	public function test_a_page_with_the_checkout_block_is_a_checkout_also_where_the_settings_name_another() {
		$GLOBALS['wordpress']['locale'] = 'de_DE';
		$GLOBALS['wordpress']['block']  = 'woocommerce/checkout';
		$this->visit( 1 );
		$this->assertSame( 'de_DE', end( $this->outbox->told )[1]['cart']['locale'] );
		$GLOBALS['wordpress']['block'] = 'woocommerce/cart';
		$this->assertFalse( Capture::at_checkout() );
	}

	public function test_a_mistake_of_ours_is_logged_and_stops_nobody() {
		$this->memory->broken = true;
		$order                = new Fake_Order();
		$orders               = $this->orders();
		$this->visit( 1 );
		$orders->mark( $order );
		$orders->made( 28, array(), $order );
		$this->assertSame( array( 'no table', 'no table', 'no table' ), WC()->logger->errors );
	}

	public function test_an_order_keeps_the_key_of_its_cart_and_is_told_with_it() {
		$this->visit( 1 );
		$order  = new Fake_Order();
		$orders = $this->orders();
		$orders->mark_draft( $order );
		$orders->mark_draft( $order );
		$this->assertSame( 1, $order->saved );
		$orders->changed( 28, 'pending', 'processing', $order );
		list( $subject, $event ) = end( $this->outbox->told );
		$this->assertSame( 'order:28', $subject );
		$this->assertSame( array( 'key' => '_warmcart_cart', 'value' => $this->memory->kept['key'] ), $event['order']['meta_data'][0] );
		$this->assertSame( array( '29.00', '2026-11-28T02:13:40', '' ), array( $event['order']['total'], $event['order']['date_created_gmt'], $event['order']['payment_url'] ) );
		$this->assertArrayNotHasKey( 'address_1', $event['order']['billing'] );
	}

	public function test_drafts_and_orders_that_were_no_cart_are_not_told() {
		$orders = $this->orders();
		$orders->changed( 28, 'pending', 'processing', new Fake_Order() );
		$draft         = new Fake_Order();
		$draft->status = 'checkout-draft';
		$orders->mark( $draft );
		$orders->changed( 28, 'new', 'checkout-draft', $draft );
		$this->assertSame( array(), $this->outbox->told );
	}

	/** @dataProvider ticks */
	public function test_only_a_tick_for_this_very_cart_stays_when_the_checkout_comes_up( $checkout, $box, $stays ) {
		$GLOBALS['wordpress']['checkout'] = $checkout;
		$this->visit( 1 );
		$this->memory->write( '', 'box', $box );
		WC()->customer->meta['_wc_other/warmcart/sms_consent'] = '1';
		( new Consent_Box( $this->memory ) )->untick();
		$this->assertSame( $stays, isset( WC()->customer->meta['_wc_other/warmcart/sms_consent'] ) );
	}

	public function ticks() {
		return array(
			'a tick of an earlier order'      => array( true, array(), false ),
			'the tick of this cart'           => array( true, array( 'given_at' => 'now' ), true ),
			'a page that is not the checkout' => array( false, array(), true ),
		);
	}

	public function test_the_box_as_the_order_was_sent_is_the_last_word() {
		foreach ( array( '1', '' ) as $sent ) {
			$this->visit( 1 );
			$this->memory->write( '', 'box', array( 'given_at' => 'now' ) );
			$this->visit( 1 );
			$order       = new Fake_Order();
			$order->meta = array( '_wc_other/warmcart/sms_consent' => $sent );
			$this->orders()->made_by_block( $order );
			$cart = end( $this->outbox->told )[1]['cart'];
			$this->assertSame( '1' === $sent, null !== $cart['consent'] );
			$this->visit( 0 );
		}
	}

	public function test_words_go_into_an_order_only_beside_a_tick() {
		$box = new Consent_Box( $this->memory );
		foreach ( array( array(), array( 'warmcart/sms_consent' => false ), array( 'warmcart/sms_consent' => true ) ) as $number => $fields ) {
			$order = new Fake_Order();
			$box->note_block( $order, array( 'additional_fields' => $fields ) );
			$this->assertCount( 2 === $number ? 2 : 0, $order->meta );
		}
		$order = new Fake_Order();
		$box->note_classic( $order, array( 'warmcart_sms_consent' => 1 ) );
		$this->assertSame( '1', $order->meta['_wc_other/warmcart/sms_consent'] );
		$this->assertStringContainsString( 'Reply STOP to end.', $order->meta['_wc_other/warmcart/sms_consent_wording'] );
		$this->assertSame( Consent_Box::words()['wording_version'], $order->meta['_wc_other/warmcart/sms_consent_version'] );
	}

	/** The box in German: "%s" stays, as in every translation. */
	private function speak_german() {
		$english                         = str_replace( 'Ruby & Sons', '%s', Consent_Box::wording() );
		$GLOBALS['wordpress']['catalog'] = array( $english => 'Ja, %s darf mir SMS schicken.' );
	}

	public function test_a_tick_is_proven_by_the_words_of_the_page_whatever_language_the_request_is_in() {
		$GLOBALS['wordpress']['checkout'] = true;
		$this->speak_german();
		$this->visit( 1 );
		$german                          = Consent_Box::words();
		$GLOBALS['wordpress']['catalog'] = array();
		$this->assertStringStartsWith( 'Ja, ', Consent_Box::evidence( 0, $this->memory->kept )['wording'] );
		$order = new Fake_Order();
		( new Consent_Box( $this->memory ) )->note_block( $order, array( 'additional_fields' => array( 'warmcart/sms_consent' => true ) ) );
		$this->assertSame( array_values( $german ), array_values( $order->meta ) );
	}

	public function test_each_language_of_our_words_is_a_version_of_its_own_and_the_merchants_words_are_numbered() {
		$english = Consent_Box::words()['wording_version'];
		$this->speak_german();
		$this->assertMatchesRegularExpression( '/^own-[0-9a-f]{8}$/', $english );
		$this->assertNotSame( $english, Consent_Box::words()['wording_version'] );
		Options::change_settings( array( 'wording' => 'Text me.', 'wording_version' => 3 ) );
		$this->assertSame( array( 'wording' => 'Text me.', 'wording_version' => '3' ), Consent_Box::words() );
	}

	public function test_marks_of_translatepress_are_no_part_of_the_words() {
		$plain = Consent_Box::words();
		$marks = '#!trpst#trp-gettext data-trpgettextoriginal=%d#!trpen#%s#!trpst#/trp-gettext#!trpen#';
		$ours  = str_replace( 'Ruby & Sons', '%s', $plain['wording'] );

		$GLOBALS['wordpress']['catalog'] = array( $ours => sprintf( $marks, 4360, $ours ) );
		$this->assertSame( $plain, Consent_Box::words() );
	}

	public function test_words_that_changed_while_the_shopper_was_away_are_noted_at_the_next_look() {
		$GLOBALS['wordpress']['checkout'] = true;
		$this->visit( 1 );
		Options::change_settings( array( 'wording' => 'Text me.', 'wording_version' => 2 ) );
		$this->visit( 1 );
		$this->assertSame( 'Text me.', Consent_Box::evidence( 0, $this->memory->kept )['wording'] );
	}

	public function test_an_order_is_made_also_where_the_cart_cannot_be_read() {
		$this->memory->broken = true;
		$order                = new Fake_Order();
		( new Consent_Box( $this->memory ) )->note_classic( $order, array( 'warmcart_sms_consent' => 1 ) );
		$this->assertSame( Consent_Box::wording(), $order->meta['_wc_other/warmcart/sms_consent_wording'] );
	}
}
