<?php
/**
 * A request that ends after another one of the same shopper which it knows nothing of.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * It may be a script of the page before, or a run of Action Scheduler, which goes on for half a minute with the
 * cookies of whoever opened an admin page (profile.php, to which WordPress leads after signing in). WooCommerce
 * reads a session when a request begins and writes it whole at its end (seen on 9.9.5 and 11.0.1), so such a request
 * holds an older cart than the shop does, and puts it over the one that a link has put together meanwhile.
 */
final class Straggler {

	const CART    = array( 'cart', 'cart_totals', 'applied_coupons', 'coupon_discount_totals', 'coupon_discount_tax_totals', 'removed_cart_contents' );
	const CHANGES = array( 'woocommerce_add_to_cart', 'woocommerce_cart_item_removed', 'woocommerce_cart_item_restored', 'woocommerce_cart_item_set_quantity', 'woocommerce_cart_emptied', 'woocommerce_applied_coupon', 'woocommerce_removed_coupon' );

	/**
	 * Which browser came by which link.
	 *
	 * @var Openings
	 */
	private $openings;

	/**
	 * Needs the openings.
	 *
	 * @param Openings $openings Which browser came by which link.
	 */
	public function __construct( Openings $openings ) {
		$this->openings = $openings;
	}

	/**
	 * Just before WooCommerce saves the session, at 20.
	 */
	public function listen() {
		add_action( 'shutdown', array( $this, 'stand_back' ), 19 );
	}

	/**
	 * Where a link was followed since this request began, the cart is saved as it was stored meanwhile, with all that
	 * the shopper did to it since. A request in which the shopper changed the cart keeps its own.
	 */
	public function stand_back() {
		if ( ! Capture::has_cart() || self::changed_the_cart() ) {
			return;
		}
		Plugin::quietly(
			function () {
				$opening = $this->openings->current( Memory::owner() );
				if ( $opening && (int) $opening['opened_at'] >= self::began() ) {
					self::keep( self::stored( Memory::owner() ) );
				}
			}
		);
	}

	/**
	 * Whether a cart was told, or put together by a link, since this request began, and is another than the one that
	 * was loaded here and left as it was. Another shop server's clock may be a little off: then it is told once more.
	 *
	 * @param array $memory Of the cart.
	 * @param array $lines  As loaded here.
	 * @return bool
	 */
	public static function is_behind( array $memory, array $lines ) {
		$touched = max( $memory['updated'], empty( $memory['opened'] ) ? 0 : $memory['opened']['at'] );
		if ( ! isset( $memory['page']['print'] ) || $touched < self::began() || self::changed_the_cart() ) {
			return false;
		}
		return ! Snapshot::same( isset( $memory['goods']['lines'] ) ? $memory['goods']['lines'] : array(), $lines );
	}

	/**
	 * Whether the cart that was loaded here, and left as it was, lies in no session any more: it was bought meanwhile, or
	 * emptied. Nobody knows where sessions are not stored by WooCommerce itself.
	 *
	 * @return bool
	 */
	public static function holds_what_is_gone() {
		$stored = self::changed_the_cart() ? null : self::stored( Memory::owner() );
		return is_array( $stored ) && ( ! isset( $stored['cart'] ) || ! maybe_unserialize( $stored['cart'] ) );
	}

	/**
	 * Whether something was done to the cart in this request.
	 */
	private static function changed_the_cart() {
		return array() !== array_filter( self::CHANGES, 'did_action' );
	}

	/**
	 * When this request began, seconds since 1970.
	 */
	private static function began() {
		return isset( $_SERVER['REQUEST_TIME'] ) ? (int) $_SERVER['REQUEST_TIME'] : time();
	}

	/**
	 * A session as it is stored now. Not by way of WooCommerce, which would answer with what it read in this request.
	 *
	 * @param string $owner Name of the session.
	 * @return mixed An array; anything else where there is none.
	 */
	private static function stored( $owner ) {
		global $wpdb;
		return maybe_unserialize( $wpdb->get_var( $wpdb->prepare( 'SELECT session_value FROM %i WHERE session_key = %s', $wpdb->prefix . 'woocommerce_sessions', $owner ) ) );
	}

	/**
	 * The cart of another session's state instead of ours.
	 *
	 * @param mixed $stored As stored.
	 */
	private static function keep( $stored ) {
		if ( ! is_array( $stored ) || ! isset( $stored['cart'] ) ) {
			return;
		}
		foreach ( self::CART as $name ) {
			WC()->session->set( $name, isset( $stored[ $name ] ) ? maybe_unserialize( $stored[ $name ] ) : null );
		}
	}
}
