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
	const ERASURE   = 'erase:';

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
		if ( $json ) {
			$this->keep( $subject, $nonce, $json );
		}
	}

	/**
	 * Keep an erasure that the server could not be asked for, until it is. The address is in the question only.
	 *
	 * @param string $email    Of whom.
	 * @param string $question As it is sent.
	 */
	public function put_erasure( $email, $question ) {
		$this->keep( self::ERASURE . md5( strtolower( $email ) ), Signature::random( 16 ), $question );
	}

	/**
	 * Whether what waits is an erasure.
	 *
	 * @param object $event With a subject.
	 */
	public static function is_erasure( $event ) {
		return isset( $event->subject ) && 0 === strpos( $event->subject, self::ERASURE );
	}

	/**
	 * Into the table, in place of what is there about the same.
	 *
	 * @param string $subject What it is about.
	 * @param string $nonce   Its own name.
	 * @param string $json    What will be sent.
	 */
	private function keep( $subject, $nonce, $json ) {
		global $wpdb;
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
	 * @return object|null With id, subject, nonce, body, created_at.
	 */
	public function oldest() {
		global $wpdb;
		return $wpdb->get_row( $wpdb->prepare( 'SELECT id, subject, nonce, body, created_at FROM %i ORDER BY id LIMIT 1', self::table() ) );
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
	 * What waits and is about one person. An erasure is not: it has to leave.
	 *
	 * @param string $email    Their address.
	 * @param array  $subjects Of their carts and orders.
	 * @return array Of rows with id, subject, body, created_at.
	 */
	public function of_person( $email, array $subjects ) {
		global $wpdb;
		$named = '%' . $wpdb->esc_like( trim( (string) wp_json_encode( $email ), '"' ) ) . '%';
		$rows  = $wpdb->get_results( $wpdb->prepare( 'SELECT id, subject, body, created_at FROM %i WHERE body LIKE %s OR FIND_IN_SET(subject, %s) ORDER BY id', self::table(), $named, implode( ',', $subjects ) ) );
		return array_values(
			array_filter(
				$rows,
				function ( $row ) use ( $email, $subjects ) {
					return ! self::is_erasure( $row ) && ( in_array( $row->subject, $subjects, true ) || self::names( $row->body, $email ) );
				}
			)
		);
	}

	/**
	 * Whether an event is of a shopper with this address.
	 *
	 * @param string $body  Of the event.
	 * @param string $email Address.
	 */
	private static function names( $body, $email ) {
		$event = json_decode( $body, true );
		foreach ( array( array( 'cart', 'shopper' ), array( 'order', 'billing' ) ) as $place ) {
			if ( isset( $event[ $place[0] ][ $place[1] ]['email'] ) && 0 === strcasecmp( (string) $event[ $place[0] ][ $place[1] ]['email'], $email ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Throw away what waited for a week: nobody is texted about it any more. An erasure waits on.
	 *
	 * @return int How many.
	 */
	public function drop_old() {
		global $wpdb;
		$too_old = time() - self::KEPT_DAYS * DAY_IN_SECONDS;
		return (int) $wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE created_at < %d AND subject NOT LIKE %s', self::table(), $too_old, self::ERASURE . '%' ) );
	}

	/**
	 * Empty the table. An erasure that somebody asked for waits until the shop is connected again.
	 */
	public function clear() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE subject NOT LIKE %s', self::table(), self::ERASURE . '%' ) );
	}

	/**
	 * The table's name.
	 */
	public static function table() {
		global $wpdb;
		return $wpdb->prefix . 'warmcart_outbox';
	}
}
