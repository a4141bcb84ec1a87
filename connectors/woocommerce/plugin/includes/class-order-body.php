<?php
/**
 * An order as it is told to the server.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The fields of WooCommerce's REST API (wc/v3) that the server reads of its webhooks, under the same names.
 */
final class Order_Body {

	const META = array(
		Orders::META,
		Orders::CID,
		Consent_Box::META,
		Consent_Box::META . '_wording',
		Consent_Box::META . '_version',
		'wpml_language',
		'trp_language',
		'weglot_language',
		'_wc_order_attribution_session_entry',
	);

	/**
	 * The order now.
	 *
	 * @param \WC_Order $order Order.
	 * @return array
	 */
	public static function of( $order ) {
		return array(
			'id'                => $order->get_id(),
			'number'            => (string) $order->get_order_number(),
			'status'            => $order->get_status(),
			'created_via'       => $order->get_created_via(),
			'currency'          => $order->get_currency(),
			'total'             => wc_format_decimal( $order->get_total(), wc_get_price_decimals() ),
			'date_created_gmt'  => self::moment( $order->get_date_created() ),
			'date_modified_gmt' => self::moment( $order->get_date_modified() ),
			'date_paid_gmt'     => self::moment( $order->get_date_paid() ),
			'payment_method'    => $order->get_payment_method(),
			'payment_url'       => $order->needs_payment() ? $order->get_checkout_payment_url() : '',
			'customer_id'       => $order->get_customer_id(),
			'customer_ip_address' => $order->get_customer_ip_address(),
			'customer_user_agent' => $order->get_customer_user_agent(),
			'billing'           => self::person( $order, 'billing' ) + array( 'email' => $order->get_billing_email() ),
			'shipping'          => self::person( $order, 'shipping' ),
			'line_items'        => array_values( array_map( array( self::class, 'line' ), $order->get_items() ) ),
			'coupon_lines'      => self::coupons( $order ),
			'meta_data'         => self::meta( $order ),
		);
	}

	/**
	 * UTC without an offset, as REST writes it.
	 *
	 * @param \WC_DateTime|null $date A moment.
	 * @return string|null
	 */
	private static function moment( $date ) {
		return $date ? gmdate( 'Y-m-d\TH:i:s', $date->getTimestamp() ) : null;
	}

	/**
	 * The buyer, or who gets the goods. Streets and surnames stay in the shop.
	 *
	 * @param \WC_Order $order Order.
	 * @param string    $which billing or shipping.
	 * @return array
	 */
	private static function person( $order, $which ) {
		$found = array();
		foreach ( array( 'first_name', 'phone', 'country', 'state', 'postcode' ) as $name ) {
			$found[ $name ] = (string) $order->{"get_{$which}_{$name}"}();
		}
		return $found;
	}

	/**
	 * One line.
	 *
	 * @param \WC_Order_Item_Product $item Line.
	 * @return array
	 */
	private static function line( $item ) {
		$product = $item->get_product();
		$image   = $product ? wp_get_attachment_image_url( $product->get_image_id(), 'full' ) : false;
		return array(
			'name'         => $item->get_name(),
			'product_id'   => $item->get_product_id(),
			'variation_id' => $item->get_variation_id(),
			'quantity'     => $item->get_quantity(),
			'total'        => wc_format_decimal( $item->get_total(), wc_get_price_decimals() ),
			'image'        => array( 'src' => $image ? $image : '' ),
		);
	}

	/**
	 * Codes that were used.
	 *
	 * @param \WC_Order $order Order.
	 * @return array
	 */
	private static function coupons( $order ) {
		$lines = array();
		foreach ( $order->get_coupon_codes() as $code ) {
			$lines[] = array( 'code' => $code );
		}
		return $lines;
	}

	/**
	 * The meta that concerns us.
	 *
	 * @param \WC_Order $order Order.
	 * @return array
	 */
	private static function meta( $order ) {
		$found = array();
		foreach ( self::META as $key ) {
			$value = $order->get_meta( $key );
			if ( is_scalar( $value ) && '' !== (string) $value ) {
				$found[] = array(
					'key'   => $key,
					'value' => (string) $value,
				);
			}
		}
		return $found;
	}
}
