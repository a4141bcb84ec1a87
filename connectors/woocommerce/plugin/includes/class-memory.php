<?php
/**
 * What is remembered of a cart between two requests of its shopper.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce's session is written as a whole at the end of each request, so of two at once (the block checkout
 * saves while our script tells) one undoes what the other noted. So what we remember has a table of its own,
 * with one row for each session, and each part is written by one side only: page (print, locale, storefront,
 * checkout: was there) at the end of requests, typed (phone, email, country, locale) and box by the script,
 * order_id by the order.
 */
class Memory {

	const PARTS     = array( 'page', 'typed', 'box' );
	const KEPT_DAYS = 30;

	/**
	 * A guest who logs in keeps the cart.
	 */
	public function listen() {
		add_action( 'woocommerce_guest_session_to_user_id', array( $this, 'move' ), 10, 2 );
	}

	/**
	 * All that is remembered of this shopper's cart; the first call makes its key.
	 *
	 * @return array With key, created, page, typed, box, order_id.
	 */
	public function get() {
		$found = $this->find();
		if ( $found ) {
			return $found;
		}
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'INSERT IGNORE INTO %i (owner, cart_key, created_at, updated_at) VALUES (%s, %s, %d, %d)', self::table(), self::owner(), Signature::random( 16 ), Options::now(), time() ) );
		$found = $this->find();
		if ( ! $found ) {
			throw new \RuntimeException( 'The table ' . esc_html( self::table() ) . ' is missing.' );
		}
		return $found;
	}

	/**
	 * The same, null where nothing is remembered.
	 *
	 * @return array|null
	 */
	public function find() {
		global $wpdb;
		$row = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM %i WHERE owner = %s', self::table(), self::owner() ), ARRAY_A );
		if ( ! $row ) {
			return null;
		}
		$memory = array(
			'key'      => $row['cart_key'],
			'created'  => (int) $row['created_at'],
			'order_id' => (int) $row['order_id'],
		);
		foreach ( self::PARTS as $part ) {
			$told            = json_decode( (string) $row[ $part ], true );
			$memory[ $part ] = is_array( $told ) ? $told : array();
		}
		return $memory;
	}

	/**
	 * What the shopper puts into the cart next is another cart.
	 *
	 * @param string $key Of the cart that is over.
	 */
	public function forget( $key ) {
		global $wpdb;
		$wpdb->delete( self::table(), array( 'cart_key' => $key ), array( '%s' ) );
	}

	/**
	 * The session has another name now.
	 *
	 * @param string $guest Name before.
	 * @param string $user  Name now.
	 */
	public function move( $guest, $user ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'UPDATE IGNORE %i SET owner = %s WHERE owner = %s', self::table(), (string) $user, (string) $guest ) );
	}

	/**
	 * Remember one part.
	 *
	 * @param string    $key   Of the cart.
	 * @param string    $part  One of the parts, or order_id.
	 * @param array|int $value What it is now.
	 */
	public function write( $key, $part, $value ) {
		global $wpdb;
		$kept = is_array( $value ) ? wp_json_encode( $value ) : $value;
		$wpdb->query( $wpdb->prepare( 'UPDATE %i SET %i = %s, updated_at = %d WHERE cart_key = %s', self::table(), $part, $kept, time(), $key ) );
	}

	/**
	 * One request at a time compares and tells a cart; another waits a second at most.
	 *
	 * @param callable $work What to do.
	 */
	public function alone( $work ) {
		Lock::hold( self::owner(), 1, $work );
	}

	/**
	 * Forget carts that nobody touched for as long as a session may last.
	 */
	public function forget_old() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE updated_at < %d', self::table(), time() - self::KEPT_DAYS * DAY_IN_SECONDS ) );
	}

	/**
	 * Empty the table.
	 */
	public function clear() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i', self::table() ) );
	}

	/**
	 * WooCommerce's name of the session: random for a guest, the number of a customer who is signed in.
	 */
	private static function owner() {
		return (string) WC()->session->get_customer_id();
	}

	/**
	 * The table's name.
	 */
	public static function table() {
		global $wpdb;
		return $wpdb->prefix . 'warmcart_cart';
	}
}
