<?php
/**
 * Events that wait to be sent.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * A small table with at most one row for each cart and each order: an event tells how things are now, so a
 * newer one takes the place of one that still waits.
 */
class Outbox {

	const KEPT_DAYS = 7;

	/**
	 * Keep an event until it is sent.
	 *
	 * @param string $subject What it is about, such as "cart:<key>".
	 * @param array  $body    The event, without its id.
	 */
	public function put( $subject, array $body ) {
		global $wpdb;
		$nonce = Signature::random( 16 );
		$json  = wp_json_encode( array_merge( array( 'id' => $nonce ), $body ) );
		if ( ! $json ) {
			return;
		}
		$wpdb->replace(
			self::table(),
			array(
				'subject'    => $subject,
				'nonce'      => $nonce,
				'body'       => $json,
				'created_at' => time(),
			),
			array( '%s', '%s', '%s', '%d' )
		);
		Flush::soon();
	}

	/**
	 * The event that waits longest.
	 *
	 * @return object|null With id, nonce, body.
	 */
	public function oldest() {
		global $wpdb;
		return $wpdb->get_row( $wpdb->prepare( 'SELECT id, nonce, body FROM %i ORDER BY id LIMIT 1', self::table() ) );
	}

	/**
	 * Take out an event that was sent; one that took its place meanwhile has another id and stays.
	 *
	 * @param int $id Of the row.
	 */
	public function remove( $id ) {
		global $wpdb;
		$wpdb->delete( self::table(), array( 'id' => $id ), array( '%d' ) );
	}

	/**
	 * How many wait.
	 *
	 * @return int
	 */
	public function waiting() {
		global $wpdb;
		return (int) $wpdb->get_var( $wpdb->prepare( 'SELECT COUNT(*) FROM %i', self::table() ) );
	}

	/**
	 * Throw away what waited for a week: nobody is texted about it any more.
	 *
	 * @return int How many.
	 */
	public function drop_old() {
		global $wpdb;
		$too_old = time() - self::KEPT_DAYS * DAY_IN_SECONDS;
		return (int) $wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE created_at < %d', self::table(), $too_old ) );
	}

	/**
	 * Empty the table.
	 */
	public function clear() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i', self::table() ) );
	}

	/**
	 * The table's name.
	 */
	public static function table() {
		global $wpdb;
		return $wpdb->prefix . 'warmcart_outbox';
	}
}
