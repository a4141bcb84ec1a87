<?php
/**
 * A cart as it is told to the server.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Contents, money, currency, codes, language, phone, e-mail, consent, step, browser, link: nothing else leaves the shop.
 */
final class Cart_Body {

	/**
	 * A cart with something in it.
	 *
	 * @param \WC_Cart     $cart     Cart.
	 * @param \WC_Customer $customer Shopper.
	 * @param array        $memory   Of the cart.
	 * @return array
	 */
	public static function of( $cart, $customer, array $memory ) {
		return array_merge(
			self::emptied( $memory ),
			array(
				'currency'       => get_woocommerce_currency(),
				'total'          => self::money( $cart->get_total( 'edit' ) ),
				'items'          => array_values( array_map( array( self::class, 'item' ), $cart->get_cart() ) ),
				'discount_codes' => array_values( array_map( 'strval', $cart->get_applied_coupons() ) ),
				'user_agent'     => self::agent(),
				'opened_by'      => empty( $memory['opened'] ) ? null : $memory['opened']['cid'],
			),
			self::person( $customer, $memory )
		);
	}

	/**
	 * Who it is, what they agreed to and how far they came. A session that came by a link says nothing of that until
	 * a phone is typed there (that of an account is not): till then it stays as it was told. Another phone is another person, whose tick counts
	 * only if it was made there.
	 *
	 * @param \WC_Customer $customer Shopper.
	 * @param array        $memory   Of the cart.
	 * @return array With shopper, consent, step.
	 */
	private static function person( $customer, array $memory ) {
		$shopper = self::shopper( $customer, $memory );
		$here    = array(
			'shopper' => $shopper,
			'consent' => empty( $memory['box'] ) ? null : $memory['box'],
			'step'    => self::step( $shopper, $customer, $memory ),
		);
		if ( empty( $memory['opened'] ) || $memory['opened']['own'] || empty( $memory['goods']['told'] ) ) {
			return $here;
		}
		$told         = $memory['goods']['told'];
		$here['step'] = self::further( $here['step'], $told['step'] );
		$typed        = isset( $memory['typed']['phone'] ) || ! $customer->get_id() ? $shopper['phone'] : '';
		if ( '' === $typed ) {
			return $told;
		}
		if ( self::digits( $shopper['phone'] ) === self::digits( $told['shopper']['phone'] ) ) {
			$here['shopper'] = array_merge( $told['shopper'], array_filter( $shopper ) );
			$here['consent'] = $memory['opened']['boxed'] ? $here['consent'] : $told['consent'];
		}
		return $here;
	}

	/**
	 * A cart that was emptied.
	 *
	 * @param array $memory Of the cart.
	 * @return array
	 */
	public static function emptied( array $memory ) {
		$page = array_merge( $memory['page'], array_intersect_key( $memory['typed'], array( 'locale' => 0 ) ) );
		return array(
			'key'               => $memory['key'],
			'created_at'        => gmdate( 'Y-m-d\TH:i:s\Z', $memory['created'] ),
			'locale'            => isset( $page['locale'] ) ? $page['locale'] : null,
			'storefront_locale' => isset( $page['storefront'] ) ? $page['storefront'] : null,
			'items'             => array(),
		);
	}

	/**
	 * One line. "meta" is a digest of what add-ons keep with it: it tells two lines apart and says nothing.
	 *
	 * @param array $line Of the cart.
	 * @return array
	 */
	public static function item( array $line ) {
		$product = $line['data'];
		$image   = wp_get_attachment_image_url( $product->get_image_id(), 'woocommerce_thumbnail' );
		return array(
			'product_id'   => (int) $line['product_id'],
			'variation_id' => (int) $line['variation_id'],
			'quantity'     => $line['quantity'],
			'title'        => wp_strip_all_tags( $product->get_name() ),
			'image'        => $image ? $image : null,
			'total'        => self::money( isset( $line['line_total'] ) ? $line['line_total'] : 0 ),
			'meta'         => substr( (string) $line['key'], 0, 32 ),
		);
	}

	/**
	 * What was typed goes before what WooCommerce knows of the shopper, also where it was deleted again.
	 *
	 * @param \WC_Customer $customer Shopper.
	 * @param array        $memory   Of the cart.
	 * @return array
	 */
	private static function shopper( $customer, array $memory ) {
		$known = array(
			'phone'   => $customer->get_billing_phone(),
			'email'   => $customer->get_billing_email(),
			'country' => $customer->get_billing_country(),
		);
		$typed = array_intersect_key( $memory['typed'], $known );
		return array_merge( $known, $typed, array( 'customer_id' => $customer->get_id() ) );
	}

	/**
	 * How far the shopper came: cart, contact, shipping. The payment begins with the order.
	 *
	 * @param array        $shopper  As told.
	 * @param \WC_Customer $customer Shopper.
	 * @param array        $memory   Of the cart.
	 * @return string
	 */
	private static function step( array $shopper, $customer, array $memory ) {
		if ( ( empty( $memory['page']['checkout'] ) && empty( $memory['typed'] ) ) || ( '' === $shopper['phone'] && '' === $shopper['email'] ) ) {
			return 'cart';
		}
		return $customer->get_billing_address_1() || $customer->get_shipping_address_1() ? 'shipping' : 'contact';
	}

	/**
	 * The later of two steps.
	 *
	 * @param string $one   Step.
	 * @param string $other Step.
	 * @return string
	 */
	private static function further( $one, $other ) {
		$steps = array( 'cart', 'contact', 'shipping' );
		return array_search( $one, $steps, true ) > array_search( $other, $steps, true ) ? $one : $other;
	}

	/**
	 * A phone without the marks between its digits.
	 *
	 * @param string $phone As typed.
	 * @return string
	 */
	private static function digits( $phone ) {
		return (string) preg_replace( '/\D/', '', $phone );
	}

	/**
	 * The browser's name.
	 *
	 * @return string
	 */
	private static function agent() {
		return isset( $_SERVER['HTTP_USER_AGENT'] ) ? substr( sanitize_text_field( wp_unslash( $_SERVER['HTTP_USER_AGENT'] ) ), 0, 300 ) : '';
	}

	/**
	 * A sum as text, exact to the shop's decimals.
	 *
	 * @param mixed $sum A sum.
	 * @return string
	 */
	private static function money( $sum ) {
		return wc_format_decimal( $sum, wc_get_price_decimals() );
	}
}
