<?php

use Warmcart\Capture;
use Warmcart\Straggler;

/** A request that read the session before another one changed it, and ends after that. */
final class StragglerTest extends PluginTestCase {

	const LEFT = array( 'left' => array( 'key' => 'left', 'quantity' => 2 ) );

	private $outbox;
	private $memory;

	protected function setUp(): void {
		parent::setUp();
		$_SERVER['REQUEST_TIME'] = time() - 5;
		$this->outbox            = new MemoryOutbox();
		$this->memory            = new Fake_Memory();
		$GLOBALS['woocommerce']  = (object) array(
			'cart'     => new Fake_Cart(),
			'customer' => new Fake_Customer( array() ),
			'session'  => new Fake_Session(),
			'logger'   => new Fake_Logger(),
		);

		$GLOBALS['wordpress']['stored'] = serialize( array( 'cart' => serialize( self::LEFT ), 'applied_coupons' => serialize( array( 'welcome15' ) ), 'wc_notices' => 'another' ) );
		WC()->session->data             = array( 'cart' => array(), 'removed_cart_contents' => array( 'old' ), 'wc_notices' => 'own' );
	}

	/** A link is followed in this session, so many seconds after the request began. */
	private function follow( $after ) {
		$this->memory->openings->open( array( 'nonce' => 'n', 'cart' => 'c', 'cid' => '' ), WC()->session->id );
		$this->memory->openings->change( 'n', array( 'opened_at' => $_SERVER['REQUEST_TIME'] + $after ) );
	}

	private function end_of_request() {
		( new Straggler( $this->memory->openings ) )->stand_back();
		return WC()->session->data;
	}

	private function look( $quantity ) {
		WC()->cart->quantity = $quantity;
		( new Capture( $this->outbox, $this->memory ) )->look();
	}

	public function test_it_saves_the_cart_that_a_link_put_together_meanwhile_and_the_rest_as_its_own() {
		$this->follow( 2 );
		$this->assertSame( array( self::LEFT, array( 'welcome15' ), 'own' ), array( $this->end_of_request()['cart'], WC()->session->data['applied_coupons'], WC()->session->data['wc_notices'] ) );
		$this->assertNull( WC()->session->data['removed_cart_contents'] );
	}

	/** @dataProvider changes */
	public function test_what_the_shopper_did_in_it_is_never_undone( $hook ) {
		$this->follow( 2 );
		$GLOBALS['wordpress']['done'][] = $hook;
		$this->assertSame( array(), $this->end_of_request()['cart'] );
	}

	public function changes() {
		return array_map( function ( $hook ) {
			return array( $hook );
		}, Straggler::CHANGES );
	}

	public function test_a_request_that_began_after_the_link_saves_what_it_holds() {
		$this->follow( -1 );
		$this->assertSame( array(), $this->end_of_request()['cart'] );
	}

	public function test_a_session_that_came_by_no_link_is_woocommerces_alone() {
		$this->assertSame( array(), $this->end_of_request()['cart'] );
	}

	public function test_a_session_that_is_stored_elsewhere_is_left_alone() {
		$this->follow( 2 );
		foreach ( array( null, serialize( 'strange' ), serialize( array( 'customer' => 'x' ) ) ) as $stored ) {
			$GLOBALS['wordpress']['stored'] = $stored;
			$this->assertSame( array(), $this->end_of_request()['cart'] );
		}
	}

	public function test_it_tells_nothing_of_the_cart_that_it_read_too_early() {
		$this->look( 2 );
		$this->memory->write( '', 'updated', time() );
		foreach ( array( 0, 1 ) as $quantity ) {
			$this->look( $quantity );
		}
		$this->assertCount( 1, $this->outbox->told );
		$this->assertNotSame( array(), $this->memory->kept['goods']['lines'], 'a link fills it still' );

		$GLOBALS['wordpress']['done'][] = 'woocommerce_cart_item_removed';
		$this->look( 0 );
		$this->assertSame( array(), $this->outbox->told[1][1]['cart']['items'], 'what was taken out here counts' );
	}

	public function test_it_tells_nothing_either_where_a_link_put_together_what_was_told_long_before() {
		$this->look( 2 );
		$this->memory->openings->open( array( 'nonce' => 'n', 'cart' => $this->memory->kept['key'], 'cid' => '' ), WC()->session->id );
		$this->look( 0 );
		$this->assertCount( 1, $this->outbox->told );
	}

	public function test_a_cart_that_was_bought_meanwhile_is_no_new_one() {
		$GLOBALS['wordpress']['stored'] = serialize( array( 'cart' => serialize( array() ) ) );
		$this->look( 2 );
		$this->assertNull( $this->memory->kept );
		$this->assertSame( array(), $this->outbox->told );

		$GLOBALS['wordpress']['done'][] = 'woocommerce_add_to_cart';
		$this->look( 2 );
		$this->assertCount( 1, $this->outbox->told, 'what is put in afterwards is' );
	}

	public function test_a_cart_that_was_emptied_meanwhile_is_not_told_as_full_again() {
		$this->look( 2 );
		$this->look( 0 );
		$this->memory->write( '', 'updated', time() );
		$this->look( 2 );
		$this->assertCount( 2, $this->outbox->told );
		$_SERVER['REQUEST_TIME'] = time() + 1;
		$this->look( 2 );
		$this->assertCount( 3, $this->outbox->told, 'the next request tells it' );
	}
}
