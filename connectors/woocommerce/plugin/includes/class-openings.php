<?php
/**
 * Which browser came by which link.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * One row for each link that was followed: its nonce, so that it is good once; the session that followed it, so that
 * what this session does is told of the cart that was left; and what was typed and ticked there, apart from what
 * the cart's owner typed. "proven" means that the digits of the phone were confirmed, "filled" that fields were
 * filled from the cart, "said" is what the checkout has to say about it.
 */
class Openings {

	const FRESH = 'fresh';
	const AGAIN = 'again';
	const USED  = 'used';

	/**
	 * Follow a link.
	 *
	 * @param array  $ticket As read.
	 * @param string $owner  Session.
	 * @return string One of the constants: the same browser may load the page again, another may not.
	 */
	public function open( array $ticket, $owner ) {
		global $wpdb;
		$before = $this->current( $owner );
		$first  = $wpdb->query( $wpdb->prepare( 'INSERT IGNORE INTO %i (nonce, owner, cart_key, cid, opened_at) VALUES (%s, %s, %s, %s, %d)', self::table(), $ticket['nonce'], $owner, $ticket['cart'], $ticket['cid'], time() ) );
		if ( false === $first ) {
			throw new \RuntimeException( 'The table ' . esc_html( self::table() ) . ' is missing.' );
		}
		if ( ! $first ) {
			$by = $wpdb->get_var( $wpdb->prepare( 'SELECT owner FROM %i WHERE nonce = %s', self::table(), $ticket['nonce'] ) );
			return (string) $by === $owner ? self::AGAIN : self::USED;
		}
		if ( $before && $before['cart_key'] === $ticket['cart'] ) {
			$this->change( $ticket['nonce'], array_intersect_key( $before, array_flip( array( 'proven', 'filled', 'typed', 'box' ) ) ) );
		}
		return self::FRESH;
	}

	/**
	 * The cart that a session came for last.
	 *
	 * @param string $owner Session.
	 * @return array|null The row.
	 */
	public function current( $owner ) {
		global $wpdb;
		$row = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM %i WHERE owner = %s ORDER BY id DESC LIMIT 1', self::table(), $owner ), ARRAY_A );
		return $row ? $row : null;
	}

	/**
	 * Remember something of an opening.
	 *
	 * @param string $nonce   Of the link.
	 * @param array  $changes Columns.
	 */
	public function change( $nonce, array $changes ) {
		global $wpdb;
		$wpdb->update( self::table(), $changes, array( 'nonce' => $nonce ) );
	}

	/**
	 * The cart is over: what its sessions do next is told of another one. The nonces stay used.
	 *
	 * @param string $key Of the cart.
	 */
	public function close( $key ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "UPDATE %i SET owner = '', typed = NULL, box = NULL, said = NULL WHERE cart_key = %s", self::table(), $key ) );
	}

	/**
	 * What one person typed and ticked where they came by a link, be it to somebody else's cart.
	 *
	 * @param int    $user  Their account; 0 for none.
	 * @param string $email Their address.
	 * @return array Of arrays with id, created, typed, box.
	 */
	public function of_person( $user, $email ) {
		global $wpdb;
		$named = '%' . $wpdb->esc_like( trim( (string) wp_json_encode( $email ), '"' ) ) . '%';
		$rows  = $wpdb->get_results( $wpdb->prepare( 'SELECT * FROM %i WHERE (owner = %s OR typed LIKE %s) AND (typed IS NOT NULL OR box IS NOT NULL) ORDER BY id', self::table(), $user ? (string) $user : '', $named ), ARRAY_A );
		$found = array();
		foreach ( $rows as $row ) {
			$typed = (array) json_decode( (string) $row['typed'], true );
			$same  = isset( $typed['email'] ) && 0 === strcasecmp( (string) $typed['email'], $email );
			if ( $same || ( $user && (string) $user === $row['owner'] ) ) {
				$found[] = array(
					'id'      => (int) $row['id'],
					'created' => (int) $row['opened_at'],
					'typed'   => $typed,
					'box'     => (array) json_decode( (string) $row['box'], true ),
				);
			}
		}
		return $found;
	}

	/**
	 * Forget what was typed and ticked there. The nonce stays used.
	 *
	 * @param int $id Of the row.
	 */
	public function erase( $id ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'UPDATE %i SET typed = NULL, box = NULL, said = NULL WHERE id = %d', self::table(), $id ) );
	}

	/**
	 * A guest who logs in keeps the cart.
	 *
	 * @param string $guest Name before.
	 * @param string $user  Name now.
	 */
	public function move( $guest, $user ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'UPDATE %i SET owner = %s WHERE owner = %s', self::table(), (string) $user, (string) $guest ) );
	}

	/**
	 * Forget what is as old as a cart may get.
	 */
	public static function forget_old() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE opened_at < %d', self::table(), time() - Memory::KEPT_DAYS * DAY_IN_SECONDS ) );
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
		return $wpdb->prefix . 'warmcart_opening';
	}
}
