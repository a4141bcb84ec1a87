<?php
/**
 * What is stored about somebody, as WordPress writes it into its file.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Readable groups. WordPress escapes the names, of values it only takes out tags; a line break ends up as a space.
 */
final class Told {

	/**
	 * What the plugin keeps in this shop.
	 *
	 * @param Person $person Whose.
	 * @return array
	 */
	public static function here( Person $person ) {
		$items = array();
		foreach ( $person->carts as $cart ) {
			$items[] = self::item( 'shop', 'cart-' . $cart['key'], self::cart( $cart ) );
		}
		foreach ( $person->visits as $visit ) {
			$items[] = self::item( 'shop', 'visit-' . $visit['id'], self::cart( $visit ) );
		}
		foreach ( $person->waiting as $event ) {
			$fields  = array(
				__( 'Waits to be told to Warmcart since', 'warmcart' ) => self::moment( (int) $event->created_at ),
				__( 'Event', 'warmcart' ) => $event->body,
			);
			$items[] = self::item( 'shop', 'event-' . $event->id, $fields );
		}
		foreach ( $person->orders as $order ) {
			if ( '1' === (string) $order->get_meta( Consent_Box::META ) ) {
				$fields  = array(
					/* translators: %s: number of an order. */
					__( 'Consent to texts', 'warmcart' ) => sprintf( __( 'given with order %s', 'warmcart' ), $order->get_order_number() ),
					__( 'Words beside the box', 'warmcart' ) => (string) $order->get_meta( Consent_Box::META . '_wording' ),
				);
				$items[] = self::item( 'shop', 'order-' . $order->get_id(), $fields );
			}
		}
		return $items;
	}

	/**
	 * What the server told.
	 *
	 * @param array $answer Of the server: rows (kind, fields), left_out.
	 * @param int   $page   Which page.
	 * @return array
	 */
	public static function there( array $answer, $page ) {
		$items = array();
		$rows  = isset( $answer['rows'] ) && is_array( $answer['rows'] ) ? $answer['rows'] : array();
		foreach ( $rows as $number => $row ) {
			$fields = array();
			foreach ( (array) $row['fields'] as list( $name, $value ) ) {
				$fields[ ucfirst( (string) $name ) ] = (string) $value;
			}
			$items[] = self::item( (string) $row['kind'], "$page-$number", $fields );
		}
		if ( ! empty( $answer['left_out'] ) && ! empty( $answer['done'] ) ) {
			$items[] = self::item( 'shop', 'left-out', array( __( 'Not told', 'warmcart' ) => self::left_out( (int) $answer['left_out'] ) ) );
		}
		return $items;
	}

	/**
	 * Numbers that are somebody else's, as far as anybody knows.
	 *
	 * @param int $count How many.
	 * @return string
	 */
	public static function left_out( $count ) {
		/* translators: %d: how many phone numbers. */
		return sprintf( __( 'Phone numbers of this person that Warmcart knows with another e-mail address: %d. What belongs to them was left alone. If they are theirs, make a request for that address too.', 'warmcart' ), $count );
	}

	/**
	 * What was typed into a checkout, as far as it is about the buyer.
	 *
	 * @param array $cart As remembered, or a visit by a link.
	 * @return array
	 */
	public static function typed( array $cart ) {
		$fields = Fields::typed( $cart + array( 'fields' => array() ) );
		return $fields['billing'];
	}

	/**
	 * What is remembered of a cart, or of a visit by a link.
	 *
	 * @param array $cart As remembered.
	 * @return array
	 */
	private static function cart( array $cart ) {
		$typed = self::typed( $cart );
		$box   = $cart['box'];
		$other = isset( $cart['fields']['shipping'] ) ? array_diff_assoc( $cart['fields']['shipping'], $typed ) : array();
		$named = array(
			__( 'Begun', 'warmcart' )                => self::moment( (int) $cart['created'] ),
			__( 'Goods', 'warmcart' )                => self::goods( $cart ),
			__( 'Name', 'warmcart' )                 => self::joined( $typed, array( 'first_name', 'last_name', 'company' ) ),
			__( 'Address', 'warmcart' )              => self::joined( $typed, array( 'address_1', 'address_2', 'postcode', 'city', 'state' ) ),
			__( 'Delivery', 'warmcart' )             => self::joined( $other, Fields::NAMES ),
			__( 'Phone', 'warmcart' )                => self::joined( $typed, array( 'phone' ) ),
			__( 'E-mail', 'warmcart' )               => self::joined( $typed, array( 'email' ) ),
			__( 'Country', 'warmcart' )              => self::joined( $typed, array( 'country' ) ),
			__( 'Language', 'warmcart' )             => self::joined( $cart['typed'], array( 'locale' ) ),
			__( 'Consent to texts', 'warmcart' )     => self::joined( $box, array( 'given_at' ) ),
			__( 'Words beside the box', 'warmcart' ) => self::joined( $box, array( 'wording' ) ),
			__( 'IP address', 'warmcart' )           => self::joined( $box, array( 'ip' ) ),
			__( 'Browser', 'warmcart' )              => self::joined( $box, array( 'user_agent' ) ),
			__( 'Page', 'warmcart' )                 => self::joined( $box, array( 'page_url' ) ),
		);
		return $named;
	}

	/**
	 * What lay in a cart.
	 *
	 * @param array $cart As remembered.
	 */
	private static function goods( array $cart ) {
		$lines = isset( $cart['goods']['lines'] ) ? $cart['goods']['lines'] : array();
		$told  = array();
		foreach ( $lines as $line ) {
			$told[] = $line['quantity'] . ' x ' . $line['title'];
		}
		return implode( "\n", $told );
	}

	/**
	 * Those values that are there, in one line.
	 *
	 * @param array $values By name.
	 * @param array $names  Wanted.
	 */
	private static function joined( array $values, array $names ) {
		$found = array();
		foreach ( $names as $name ) {
			if ( isset( $values[ $name ] ) && is_scalar( $values[ $name ] ) && '' !== (string) $values[ $name ] ) {
				$found[] = (string) $values[ $name ];
			}
		}
		return implode( ', ', $found );
	}

	/**
	 * One entry of the file. What is empty is left out.
	 *
	 * @param string $group  Kind of data.
	 * @param string $id     Its own name.
	 * @param array  $fields Values by name.
	 * @return array
	 */
	private static function item( $group, $id, array $fields ) {
		$data = array();
		foreach ( $fields as $name => $value ) {
			if ( '' !== (string) $value ) {
				$data[] = array(
					'name'  => $name,
					'value' => esc_html( str_replace( "\n", '; ', (string) $value ) ),
				);
			}
		}
		$labels = self::groups();
		return array(
			'group_id'    => "warmcart-$group",
			'group_label' => isset( $labels[ $group ] ) ? $labels[ $group ] : esc_html( "Warmcart: $group" ),
			'item_id'     => "warmcart-$group-$id",
			'data'        => $data,
		);
	}

	/**
	 * Kinds of data.
	 */
	private static function groups() {
		return array(
			'shop'    => __( 'Warmcart: kept in this shop', 'warmcart' ),
			'contact' => __( 'Warmcart: contact', 'warmcart' ),
			'consent' => __( 'Warmcart: consent to texts', 'warmcart' ),
			'carts'   => __( 'Warmcart: carts', 'warmcart' ),
			'orders'  => __( 'Warmcart: orders', 'warmcart' ),
			'texts'   => __( 'Warmcart: texts', 'warmcart' ),
		);
	}

	/**
	 * In the shop's own way.
	 *
	 * @param int $at Seconds since 1970.
	 */
	private static function moment( $at ) {
		return (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $at );
	}
}
