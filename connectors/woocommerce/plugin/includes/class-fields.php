<?php
/**
 * The fields of the checkout, as they were typed.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Kept in the shop, never sent. Filled in only for who typed them: in the same session, or after the last digits of
 * the phone were confirmed; and never for a customer who is signed in, whose own account fills the checkout.
 */
final class Fields {

	const NAMES   = array( 'first_name', 'last_name', 'company', 'address_1', 'address_2', 'city', 'state', 'postcode', 'country', 'phone' );
	const ADDRESS = array( 'address_1', 'address_2', 'city', 'state', 'postcode', 'country' );

	/**
	 * What WooCommerce knows of a guest. Of a customer who is signed in only the phone, to compare digits with:
	 * their account is theirs.
	 *
	 * @param \WC_Customer $customer Shopper.
	 * @return array With billing and shipping.
	 */
	public static function of( $customer ) {
		if ( $customer->get_id() ) {
			return array( 'billing' => array_filter( array( 'phone' => (string) $customer->get_billing_phone() ) ) );
		}
		$found = array( 'billing' => array( 'email' => (string) $customer->get_billing_email() ) );
		foreach ( array( 'billing', 'shipping' ) as $which ) {
			foreach ( self::NAMES as $name ) {
				$found[ $which ][ $name ] = (string) $customer->{"get_{$which}_{$name}"}();
			}
		}
		return array_map( 'array_filter', $found );
	}

	/**
	 * What was typed, as our script told it, goes before what WooCommerce knows; the goods go where the bill goes
	 * unless something else was said.
	 *
	 * @param array $memory Of the cart: fields, typed (of its owner).
	 * @return array With billing and shipping.
	 */
	public static function typed( array $memory ) {
		$fields   = array_merge(
			array(
				'billing'  => array(),
				'shipping' => array(),
			),
			$memory['fields']
		);
		$typed    = array_filter( array_intersect_key( $memory['typed'], array_flip( array_merge( self::NAMES, array( 'email' ) ) ) ) );
		$billing  = array_merge( $fields['billing'], $typed );
		$shipping = array_merge( $billing, empty( $fields['shipping']['address_1'] ) ? array() : $fields['shipping'] );
		unset( $shipping['email'] );
		return array(
			'billing'  => $billing,
			'shipping' => $shipping,
		);
	}

	/**
	 * Fill what is still empty, an address as a whole or not at all.
	 *
	 * @param \WC_Customer $customer Of this session, a guest.
	 * @param array        $fields   With billing and shipping.
	 * @return bool Whether anything was filled.
	 */
	public static function fill( $customer, array $fields ) {
		$filled = false;
		foreach ( $fields as $which => $values ) {
			$lives_somewhere = '' !== (string) $customer->{"get_{$which}_address_1"}();
			foreach ( $values as $name => $value ) {
				$setter = array( $customer, "set_{$which}_$name" );
				$known  = in_array( $name, self::ADDRESS, true ) ? $lives_somewhere : '' !== (string) $customer->{"get_{$which}_$name"}();
				if ( ! $known && is_callable( $setter ) ) {
					$setter( $value );
					$filled = $filled || ! in_array( $name, array( 'country', 'state' ), true );
				}
			}
		}
		if ( $filled ) {
			$customer->save();
		}
		return $filled;
	}
}
