<?php

use Warmcart\Capture;
use Warmcart\Checkout_Note;
use Warmcart\Digits;
use Warmcart\Fields;
use Warmcart\Options;
use Warmcart\Orders;
use Warmcart\Restore;
use Warmcart\Signature;
use Warmcart\Snapshot;
use Warmcart\Ticket;

/** A cart that was left on one browser, and what comes of links to it in others. */
final class RestoreTest extends PluginTestCase {

	const PHONE = '0412 345 678';

	private $outbox;
	private $memory;
	private $browsers = array();

	protected function setUp(): void {
		parent::setUp();
		$this->connect();
		$this->outbox = new MemoryOutbox();
		$this->memory = new Fake_Memory();

		$GLOBALS['wordpress']['checkout'] = true;
		$GLOBALS['wordpress']['products'] = array( 13 => new Fake_Product( 'Shirt', null, true, 13 ), 15 => new Fake_Product( 'Shirt - M', null, true, 15 ), 20 => new Fake_Product( 'Mug', null, true, 20 ) );
	}

	/** From now on this browser is looked from; each has its session, cart and shopper. */
	private function browser( $id, array $known = array() ) {
		if ( ! isset( $this->browsers[ $id ] ) ) {
			$session        = new Fake_Session();
			$session->id    = $id;
			$cart           = new Fake_Cart();
			$cart->lines    = array();
			$this->browsers[ $id ] = (object) array( 'cart' => $cart, 'customer' => new Fake_Customer( $known ), 'session' => $session, 'logger' => new Fake_Logger() );
		}
		$GLOBALS['woocommerce']          = $this->browsers[ $id ];
		$GLOBALS['wordpress']['notices'] = array();
	}

	private function look() {
		( new Capture( $this->outbox, $this->memory ) )->look();
	}

	/** Somebody types, ticks and leaves a shirt with an engraving. Returns the cart's key. */
	private function leave( array $typed = array( 'phone' => self::PHONE ) ) {
		$this->browser( 't_owner', array( 'billing_first_name' => 'Ruby', 'billing_last_name' => 'Shopper', 'street' => '2 George St', 'billing_city' => 'Sydney' ) );
		WC()->cart->add_to_cart( 13, 2, 15, array( 'attribute_size' => 'M' ), array( 'engraving' => array( 'text' => 'Mia', 'price' => 5.0 ) ) );
		$this->memory->get();
		$this->memory->write( '', 'typed', $typed );
		$this->memory->write( '', 'box', array( 'given_at' => 'then' ) );
		$this->look();
		return $this->memory->kept['key'];
	}

	private function ticket( array $changes, $secret = null ) {
		$told    = array_merge( array( 'cart' => str_repeat( 'a', 32 ), 'until' => time() + 900, 'nonce' => Signature::random( 16 ), 'cid' => 'aB3xyz', 'code' => null ), $changes );
		$content = rtrim( strtr( base64_encode( json_encode( $told ) ), '+/', '-_' ), '=' );
		return $content . '.' . Signature::restore( null === $secret ? str_repeat( 'ab', 32 ) : $secret, $content );
	}

	private function restore() {
		return new Restore( $this->memory, $this->memory->openings, new Capture( $this->outbox, $this->memory ), new Snapshot() );
	}

	private function read( $given ) {
		return Ticket::read( $given, Options::connection()['secret'], Options::now() );
	}

	/** Follow a link in a browser; where it leads. */
	private function tap( $browser, $given ) {
		$this->browser( $browser );
		return $this->restore()->follow( $this->read( $given ) );
	}

	private function cart_told() {
		return end( $this->outbox->told )[1]['cart'];
	}

	private function digits( $given ) {
		( new Checkout_Note( $this->memory, $this->memory->openings ) )->confirm( $given );
	}

	private function note() {
		ob_start();
		( new Checkout_Note( $this->memory, $this->memory->openings ) )->show();
		return ob_get_clean();
	}

	// The link itself.

	public function test_what_is_no_sound_ticket_is_nothing() {
		$sound = $this->ticket( array() );
		$this->assertSame( 'aB3xyz', $this->read( $sound )['cid'] );
		foreach ( array(
			'forged'        => $this->ticket( array(), str_repeat( 'cd', 32 ) ),
			'changed'       => 'A' . $sound,
			'signature off' => substr( $sound, 0, -1 ) . ( 'a' === substr( $sound, -1 ) ? 'b' : 'a' ),
			'a line more'   => $sound . "\n",
			'expired'       => $this->ticket( array( 'until' => time() ) ),
			'never ends'    => $this->ticket( array( 'until' => '9999999999' ) ),
			'no cart'       => $this->ticket( array( 'cart' => "' OR 1=1" ) ),
			'no nonce'      => $this->ticket( array( 'nonce' => null ) ),
			'a strange cid' => $this->ticket( array( 'cid' => '"><script>' ) ),
			'a list'        => array( $sound ),
			'empty'         => '',
		) as $why => $given ) {
			$this->assertNull( $this->read( $given ), $why );
		}
	}

	public function test_another_shop_and_a_shop_without_a_secret_take_no_ticket() {
		$this->assertNull( Ticket::read( $this->ticket( array() ), str_repeat( 'cd', 32 ), time() ) );
		$this->assertNull( Ticket::read( $this->ticket( array(), '' ), '', time() ) );
	}

	public function test_neither_an_event_nor_a_proof_can_be_made_a_ticket() {
		$secret                = str_repeat( 'ab', 32 );
		list( $content, $sig ) = explode( '.', $this->ticket( array() ) );
		$this->assertNotSame( $sig, Signature::proof( $secret, $content ) );
		$this->assertNotSame( $sig, Signature::headers( $secret, $content, 0, '' )['X-Warmcart-Signature'] );
		$this->assertNull( $this->read( $content . '.' . Signature::proof( $secret, $content ) ) );
	}

	public function test_who_only_looks_ahead_gets_no_cart() {
		$this->assertSame( 0, Restore::status_for( array( 'REQUEST_METHOD' => 'GET' ) ) );
		$this->assertSame( 200, Restore::status_for( array( 'REQUEST_METHOD' => 'HEAD' ) ) );
		$this->assertNull( Restore::status_for( array( 'REQUEST_METHOD' => 'POST' ) ), 'a form on such a page is the shop\'s' );
		foreach ( array( 'HTTP_SEC_PURPOSE' => 'prefetch;prerender', 'HTTP_PURPOSE' => 'prefetch', 'HTTP_X_PURPOSE' => 'preview', 'HTTP_X_MOZ' => 'prefetch' ) as $name => $value ) {
			$this->assertSame( 503, Restore::status_for( array( 'REQUEST_METHOD' => 'GET', $name => $value ) ) );
		}
	}

	public function test_the_way_leads_to_the_checkout_of_this_shop_and_nowhere_else() {
		$cart = array( 'page' => array( 'where' => 'https://shop.example/boutique/de/kasse/' ) );
		$this->assertSame( 'https://shop.example/boutique/de/kasse/?utm_source=warmcart&cid=aB3', Restore::checkout( $cart, 'aB3', array( 'utm_source' => 'warmcart', 'warmcart' => 'x', 'cid' => 'other', 'add-to-cart' => '1', 'redirect_to' => 'https://evil.example', 'utm_' => array() ) ) );
		$cart = array( 'page' => array( 'where' => 'https://evil.example/' ) );
		$this->assertSame( 'https://shop.example/boutique/checkout/?cid=aB3', Restore::checkout( $cart, 'aB3', array() ) );
	}

	// What comes of it.

	public function test_a_tap_in_another_browser_puts_the_cart_together_with_all_that_was_in_it() {
		$key = $this->leave();
		$to  = $this->tap( 't_other', $this->ticket( array( 'cart' => $key, 'code' => 'WELCOME15' ) ) );

		$this->assertSame( 'https://shop.example/boutique/kasse/?cid=aB3xyz', $to );
		$line = array_values( WC()->cart->get_cart() )[0];
		$this->assertSame( array( 13, 15, 2, array( 'attribute_size' => 'M' ) ), array( $line['product_id'], $line['variation_id'], $line['quantity'], $line['variation'] ) );
		$this->assertSame( array( 'text' => 'Mia', 'price' => 5.0 ), $line['engraving'] );
		$this->assertSame( array( 'welcome15' ), WC()->cart->coupons );
	}

	public function test_the_session_goes_on_with_the_same_cart_and_its_order_is_told_with_the_link() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->look();

		$told = $this->cart_told();
		$this->assertSame( array( $key, 'aB3xyz', 'shipping', self::PHONE ), array( $told['key'], $told['opened_by'], $told['step'], $told['shopper']['phone'] ) );
		$this->assertSame( array( 'given_at' => 'then' ), $told['consent'] );

		$order  = new Fake_Order();
		$orders = new Orders( $this->outbox, $this->memory, new Capture( $this->outbox, $this->memory ) );
		$orders->mark( $order );
		$orders->made_by_block( $order );
		$meta = array_column( end( $this->outbox->told )[1]['order']['meta_data'], 'value', 'key' );
		$this->assertSame( array( $key, 'aB3xyz' ), array( $meta['_warmcart_cart'], $meta['_warmcart_cid'] ) );
	}

	public function test_a_link_is_good_once_and_the_browser_that_used_it_may_load_it_again() {
		$key   = $this->leave();
		$given = $this->ticket( array( 'cart' => $key ) );
		$this->tap( 't_other', $given );
		WC()->cart->lines = array( 'k' => array( 'quantity' => 1 ) + reset( WC()->cart->lines ) );
		$this->assertStringContainsString( '/kasse/', $this->tap( 't_other', $given ) );
		$this->assertSame( 1, WC()->cart->lines['k']['quantity'], 'loading again changes nothing' );

		$this->assertSame( 'https://shop.example/boutique/cart/', $this->tap( 't_third', $given ) );
		$this->assertSame( array(), WC()->cart->lines );
		$this->assertStringContainsString( 'used already or is too old', $GLOBALS['wordpress']['notices'][0] );
	}

	public function test_forged_and_expired_links_say_the_same_and_change_nothing() {
		$key   = $this->leave();
		$count = count( $this->outbox->told );
		$says  = array();
		foreach ( array( $this->ticket( array( 'cart' => $key ), str_repeat( 'cd', 32 ) ), $this->ticket( array( 'cart' => $key, 'until' => time() - 1 ) ), $this->ticket( array(), 'x' ) ) as $given ) {
			$to     = $this->tap( 't_other', $given );
			$says[] = array( $to, $GLOBALS['wordpress']['notices'], WC()->cart->lines );
		}
		$this->assertCount( 1, array_unique( $says, SORT_REGULAR ) );
		$this->look();
		$this->assertCount( $count, $this->outbox->told );
	}

	public function test_a_cart_that_nobody_remembers_is_left_to_woocommerce() {
		$this->assertNull( $this->tap( 't_other', $this->ticket( array() ) ) );
		$this->assertSame( array(), $this->memory->openings->rows );
	}

	public function test_what_lies_in_the_visitors_cart_stays_and_is_told_with_the_left_one() {
		$key = $this->leave();
		$this->browser( 't_other' );
		WC()->cart->add_to_cart( 20, 1, 0, array(), array() );
		$this->look();
		$mine = $this->memory->kept['key'];
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->look();

		$this->assertCount( 2, WC()->cart->lines );
		$told = array_column( array_column( array_column( $this->outbox->told, 1 ), 'cart' ), 'items', 'key' );
		$this->assertSame( array( 2, array() ), array( count( $told[ $key ] ), $told[ $mine ] ) );
	}

	public function test_a_tap_in_the_browser_of_the_cart_doubles_nothing() {
		$key = $this->leave();
		$this->tap( 't_owner', $this->ticket( array( 'cart' => $key ) ) );
		$this->assertSame( array( 2 ), array_column( WC()->cart->lines, 'quantity' ) );
		$this->look();
		$this->assertSame( array( $key, self::PHONE ), array( $this->cart_told()['key'], $this->cart_told()['shopper']['phone'] ) );
	}

	public function test_what_cannot_be_bought_is_left_out_or_less_and_named() {
		$key = $this->leave();
		$this->browser( 't_owner' );
		WC()->cart->add_to_cart( 20, 3, 0, array(), array() );
		$this->look();
		$GLOBALS['wordpress']['products'][15] = new Fake_Product( '<i>Shirt</i>', 0, true, 15 );
		$GLOBALS['wordpress']['products'][20] = new Fake_Product( 'Mug', 1, true, 20 );
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key, 'code' => 'over' ) ) );

		$this->assertSame( array( 1 ), array_column( WC()->cart->lines, 'quantity' ) );
		$this->assertSame( array(), $GLOBALS['wordpress']['notices'], 'what WooCommerce says of it is not for the shopper' );
		$note = $this->note();
		$this->assertStringContainsString( '“Shirt - M” is not available any more', $note );
		$this->assertStringContainsString( '“Mug” as you wanted. In your cart: 1.', $note );
		$this->assertStringContainsString( 'The discount code does not count any more', $note );
		$this->assertStringNotContainsString( 'not available any more', $this->note(), 'once is enough' );
	}

	public function test_with_nothing_left_to_buy_the_way_leads_to_the_cart() {
		$key = $this->leave();
		unset( $GLOBALS['wordpress']['products'][15] );
		$this->assertSame( 'https://shop.example/boutique/cart/', $this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) ) );
		$this->assertStringContainsString( 'Nothing of this cart', $GLOBALS['wordpress']['notices'][0] );
	}

	public function test_a_line_that_no_text_can_hold_is_left_out_rather_than_sold_at_a_wrong_price() {
		$line = Snapshot::line( array( 'key' => 'k', 'data' => new Fake_Product(), 'product_id' => 13, 'variation_id' => 0, 'quantity' => 1, 'booking' => new stdClass() ) );
		$this->assertNull( $line['extra'] );
		$this->browser( 't_other' );
		$this->assertSame( 'gone', ( new Snapshot() )->put_back( array( $line ) )[0]['kind'] );
	}

	public function test_what_was_bought_is_not_filled_again() {
		$key    = $this->leave();
		$order  = new Fake_Order();
		$orders = new Orders( $this->outbox, $this->memory, new Capture( $this->outbox, $this->memory ) );
		$orders->mark( $order );
		$orders->made_by_block( $order );
		$GLOBALS['wordpress']['orders'][28] = $order;
		foreach ( array( false, true ) as $emptied ) {
			if ( $emptied ) {
				$this->browser( 't_owner' );
				WC()->cart->lines = array();
				$this->look();
			}
			$this->assertSame( 'https://shop.example/boutique/shop/', $this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) ) );
			$this->assertSame( array(), WC()->cart->lines );
		}
		$this->assertSame( array(), $this->memory->by_key( $key )['typed'], 'nothing personal stays' );
	}

	public function test_an_order_that_was_never_paid_is_a_cart_again() {
		$key           = $this->leave();
		$order         = new Fake_Order();
		$order->status = 'pending';
		$orders        = new Orders( $this->outbox, $this->memory, new Capture( $this->outbox, $this->memory ) );
		$orders->mark( $order );
		$orders->made_by_block( $order );
		$GLOBALS['wordpress']['orders'][28] = $order;
		WC()->cart->lines                   = array();
		$this->look();
		$this->assertStringContainsString( '/kasse/', $this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) ) );
		$this->assertCount( 1, WC()->cart->lines );
		$this->assertSame( 0, $this->memory->by_key( $key )['order_id'] );
	}

	public function test_the_first_browser_tells_nothing_of_a_cart_that_was_bought_in_another() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->look();
		$this->memory->write( $key, 'order_id', 28 );
		$GLOBALS['wordpress']['orders'][28] = new Fake_Order();
		WC()->cart->lines                   = array();
		$this->look();
		$count = count( $this->outbox->told );
		$this->browser( 't_owner' );
		$this->look();
		$this->assertCount( $count, $this->outbox->told );
		WC()->cart->add_to_cart( 20, 1, 0, array(), array() );
		$this->look();
		$this->assertNotSame( $key, $this->cart_told()['key'], 'what is put in next is another cart' );
	}

	// Who is shown what.

	public function test_a_stranger_with_the_link_sees_nothing_that_was_typed() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->assertSame( array( '', '', '' ), array( WC()->customer->get_billing_phone(), WC()->customer->get_billing_first_name(), WC()->customer->get_billing_address_1() ) );
		$note = $this->note();
		foreach ( array( 'Ruby', 'George', '5678', '678', 'filled in because' ) as $word ) {
			$this->assertStringNotContainsString( $word, $note );
		}
		$this->assertSame( array(), $this->memory->kept['typed'] );
		$this->assertSame( array(), $this->memory->kept['fields'] );
	}

	public function test_the_right_digits_fill_what_was_typed_and_say_why() {
		$key = $this->leave( array( 'phone' => self::PHONE, 'email' => 'ruby@example.com', 'postcode' => '2000' ) );
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->assertStringContainsString( '<label for="warmcart-digits">', $this->note() );
		$this->digits( ' 5678 ' );
		$customer = WC()->customer;
		$this->assertSame( array( self::PHONE, 'ruby@example.com', 'Ruby', 'Sydney', '2000' ), array( $customer->get_billing_phone(), $customer->get_billing_email(), $customer->get_billing_first_name(), $customer->get_billing_city(), $customer->get_billing_postcode() ) );
		$this->assertSame( '2 George St', $customer->get_shipping_address_1() );
		$note = $this->note();
		$this->assertStringContainsString( 'You can change everything.', $note );
		$this->assertStringNotContainsString( '<form', $note );

		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->assertStringNotContainsString( '<form', $this->note(), 'the next link asks no more' );
	}

	public function test_what_was_typed_here_already_stays() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		WC()->customer->set_billing_first_name( 'Mia' );
		WC()->customer->set_billing_address_1( '9 Elsewhere' );
		$this->digits( '5678' );
		$this->assertSame( array( 'Mia', '9 Elsewhere', '', 'Shopper' ), array( WC()->customer->get_billing_first_name(), WC()->customer->get_billing_address_1(), WC()->customer->get_billing_city(), WC()->customer->get_billing_last_name() ) );
	}

	public function test_wrong_digits_are_answered_the_same_whether_a_phone_is_known_or_not() {
		$notes = array();
		foreach ( array( self::PHONE, '', '123' ) as $phone ) {
			$this->memory = new Fake_Memory();
			$this->browsers = array();
			$key = $this->leave( array( 'phone' => $phone, 'email' => 'a@example.com' ) );
			$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
			foreach ( array( '0000', '', '678', 'none' ) as $given ) {
				$this->digits( $given );
				$notes[] = $this->note();
			}
		}
		$this->assertCount( 1, array_unique( $notes ) );
		$this->assertStringContainsString( 'role="alert"', $notes[0] );
	}

	public function test_five_tries_an_hour_for_a_cart_whatever_browser_tries() {
		$key = $this->leave();
		foreach ( array( 't_a', 't_b', 't_c' ) as $browser ) {
			$this->tap( $browser, $this->ticket( array( 'cart' => $key ) ) );
			$this->digits( '0000' );
			$this->digits( '1111' );
		}
		$this->digits( '5678' );
		$this->assertSame( '', WC()->customer->get_billing_phone() );
		$this->assertStringContainsString( 'try again in an hour', $this->note() );
	}

	public function test_tries_are_counted_until_an_hour_has_passed_without_one_and_end_at_twenty() {
		$tries = array();
		for ( $i = 0; $i < 5; $i++ ) {
			$tries = Digits::next_try( $tries, 600 * $i );
			$this->assertNotNull( $tries );
		}
		$this->assertNull( Digits::next_try( $tries, 2400 + 3599 ) );
		$this->assertSame( 1, Digits::next_try( $tries, 2400 + 3600 )['lately'] );
		$this->assertNull( Digits::next_try( array( 'lately' => 0, 'at' => 0, 'ever' => 20 ), 99999 ) );
	}

	public function test_a_customer_who_is_signed_in_is_neither_shown_a_strangers_data_nor_given_them() {
		$key = $this->leave();
		$GLOBALS['wordpress']['signed_in'] = true;
		$this->browser( '7', array( 'phone' => '0499 000 111', 'billing_first_name' => 'Ann' ) );
		WC()->customer->id = 7;
		$this->tap( '7', $this->ticket( array( 'cart' => $key ) ) );
		$this->assertCount( 1, WC()->cart->lines );
		$this->assertSame( '', $this->note() );
		$this->digits( '5678' );
		$this->assertSame( array( '0499 000 111', 'Ann', '' ), array( WC()->customer->get_billing_phone(), WC()->customer->get_billing_first_name(), WC()->customer->get_billing_city() ) );
		$this->look();
		$this->assertSame( array( self::PHONE, 0 ), array( $this->cart_told()['shopper']['phone'], $this->cart_told()['shopper']['customer_id'] ), 'opening a link makes nobody another' );
	}

	public function test_a_customers_account_is_not_kept_to_be_filled_elsewhere() {
		$customer     = new Fake_Customer( array( 'phone' => self::PHONE, 'billing_first_name' => 'Ann', 'street' => '2 George St' ) );
		$customer->id = 7;
		$this->assertSame( array( 'billing' => array( 'phone' => self::PHONE ) ), Fields::of( $customer ) );
	}

	public function test_the_tick_of_one_person_is_never_told_for_the_phone_of_another() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->memory->write( $key, 'typed', array( 'phone' => '0499 000 111' ) );
		$this->look();
		$this->assertSame( array( '0499 000 111', null ), array( $this->cart_told()['shopper']['phone'], $this->cart_told()['consent'] ) );

		$this->memory->write( $key, 'typed', array( 'phone' => '0412345678' ) );
		$this->look();
		$this->assertNull( $this->cart_told()['consent'], 'what was told last stays until it is ticked here' );
		$this->memory->write( $key, 'box', array( 'given_at' => 'now' ) );
		$this->look();
		$this->assertSame( array( 'given_at' => 'now' ), $this->cart_told()['consent'] );
		$this->assertSame( array( 'given_at' => 'then' ), $this->memory->by_key( $key )['box'] );
	}

	public function test_an_untouched_box_in_the_browser_of_the_tap_takes_no_consent_back() {
		$key = $this->leave();
		$this->tap( 't_other', $this->ticket( array( 'cart' => $key ) ) );
		$this->digits( '5678' );
		$orders = new Orders( $this->outbox, $this->memory, new Capture( $this->outbox, $this->memory ) );
		$orders->made_by_block( new Fake_Order() );
		$this->look();
		$this->assertSame( array( self::PHONE, array( 'given_at' => 'then' ) ), array( $this->cart_told()['shopper']['phone'], $this->cart_told()['consent'] ) );
	}
}
