<?php

use Warmcart\Consent_Box;
use Warmcart\Early_Box;
use Warmcart\Options;

/** The block checkout of WooCommerce before 8.9: the tests' WooCommerce has no additional fields either. */
final class EarlyBoxTest extends PluginTestCase {

	const CONTACT = '<div data-block-name="woocommerce/checkout-contact-information-block"></div>';
	const ACTIONS = '<div data-block-name="woocommerce/checkout-actions-block"></div>';

	private $memory;

	protected function setUp(): void {
		parent::setUp();
		$this->memory           = new Fake_Memory();
		$GLOBALS['woocommerce'] = (object) array(
			'cart'     => new Fake_Cart(),
			'customer' => new Fake_Customer( array() ),
			'session'  => new Fake_Session(),
			'logger'   => new Fake_Logger(),
		);
	}

	private function box() {
		return new Early_Box( $this->memory );
	}

	public function test_the_box_stands_inside_the_contact_details_or_above_the_button_and_is_not_ticked() {
		$contact = $this->box()->add( self::CONTACT );
		$this->assertMatchesRegularExpression( '#^<div data-block-name="[a-z/-]+"><p.*</p></div>$#', $contact );
		$this->assertMatchesRegularExpression( '#</p><div data-block-name="[a-z/-]+"></div>$#', $this->box()->add( self::ACTIONS ) );
		$this->assertStringContainsString( 'Reply STOP to end.', $contact );
		$this->assertStringNotContainsString( 'checked', $contact );
		// Our script knows the box by this.
		$this->assertMatchesRegularExpression( '#<input type="checkbox" id="[a-z_]+sms_consent">#', $contact );
	}

	public function test_a_visitor_without_a_cart_gets_no_box() {
		WC()->session->exists = false;
		$this->assertSame( self::CONTACT, $this->box()->add( self::CONTACT ) );
	}

	public function test_the_box_that_comes_up_anew_takes_an_earlier_tick_back() {
		$this->memory->get();
		$this->memory->write( '', 'box', array( 'given_at' => 'now' ) );
		$this->box()->add( self::CONTACT );
		$this->assertSame( array(), $this->memory->kept['box'] );
	}

	public function test_an_order_keeps_the_tick_and_its_words_only_while_it_stands() {
		$order = new Fake_Order();
		$this->box()->note( $order );
		$this->assertSame( array(), $order->meta );
		$this->memory->get();
		$this->memory->write( '', 'box', array( 'given_at' => 'now' ) );
		$this->box()->note( $order );
		$this->assertSame( '1', $order->meta[ Consent_Box::META ] );
		$this->assertStringContainsString( 'Reply STOP to end.', $order->meta[ Consent_Box::META . '_wording' ] );
		$this->memory->write( '', 'box', array() );
		$this->box()->note( $order );
		$this->assertArrayNotHasKey( Consent_Box::META, $order->meta );
	}

	/** @dataProvider choices */
	public function test_the_merchant_chooses_the_place( array $settings, $block ) {
		Options::change_settings( $settings );
		$this->box()->listen();
		$heard = array_keys( $GLOBALS['wordpress']['heard'] );
		$this->assertSame( $block ? array( "render_block_woocommerce/checkout-$block-block", 'woocommerce_store_api_checkout_update_order_from_request' ) : array(), $heard );
	}

	public function choices() {
		return array(
			'with the contact details'  => array( array( 'place' => 'contact' ), 'contact-information' ),
			'before the button'         => array( array( 'place' => 'order' ), 'actions' ),
			'a shop that shows no box'  => array( array( 'box' => false ), '' ),
		);
	}
}
