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
 * with one row for each cart, and each part is written by one side only: page (print, locale, storefront,
 * checkout: was there, where: its address, words: beside the box, over: bought elsewhere), goods (lines, coupons, told: what was told last)
 * and fields (of the checkout) at the end of requests, typed (fields) and box by the script, order_id by the order,
 * tries (of digits) by the form.
 *
 * A row has one owner, the session in which the cart was filled. Another session that comes by a link
 * goes on with the same cart; what is typed and ticked there lies with its opening.
 */
class Memory {

	const PARTS     = array( 'page', 'typed', 'box', 'goods', 'fields', 'tries' );
	const OWN       = array( 'typed', 'box' );
	const KEPT_DAYS = 30;

	/**
	 * Which browser came by which link.
	 *
	 * @var Openings
	 */
	private $openings;

	/**
	 * Needs the openings.
	 *
	 * @param Openings|null $openings Which browser came by which link.
	 */
	public function __construct( $openings = null ) {
		$this->openings = $openings ? $openings : new Openings();
	}

	/**
	 * A guest who logs in keeps the cart.
	 */
	public function listen() {
		add_action( 'woocommerce_guest_session_to_user_id', array( $this, 'move' ), 10, 2 );
	}

	/**
	 * All that is remembered of this shopper's cart; the first call makes its key.
	 *
	 * @return array With key, created, updated, order_id, opened (null, or nonce, cid, at, own, proven, filled, said, boxed), and the parts.
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
		$opening = $this->openings->current( self::owner() );
		$row     = $opening ? self::row( 'cart_key', $opening['cart_key'] ) : null;
		if ( $row ) {
			return self::seen_from( self::read( $row ), $opening );
		}
		$row = self::row( 'owner', self::owner() );
		return $row ? self::read( $row ) : null;
	}

	/**
	 * A cart by its key, whoever's it is: with what its owner typed.
	 *
	 * @param string $key Of the cart.
	 * @return array|null
	 */
	public function by_key( $key ) {
		$row = self::row( 'cart_key', $key );
		return $row ? self::read( $row ) : null;
	}

	/**
	 * The cart as a session sees it that came by a link: what its owner typed and ticked is not there.
	 *
	 * @param array $memory  Of the cart.
	 * @param array $opening Row.
	 * @return array
	 */
	public static function seen_from( array $memory, array $opening ) {
		$own              = $memory['owner'] === $opening['owner'];
		$memory['opened'] = array(
			'nonce'  => $opening['nonce'],
			'cid'    => (string) $opening['cid'],
			'at'     => (int) $opening['opened_at'],
			'own'    => $own,
			'proven' => ! empty( $opening['proven'] ),
			'filled' => ! empty( $opening['filled'] ),
			'said'   => self::decoded( $opening['said'] ),
			'boxed'  => null !== $opening['box'],
		);
		foreach ( $own ? array() : self::OWN as $part ) {
			$memory[ $part ] = self::decoded( $opening[ $part ] );
		}
		if ( ! $own ) {
			$memory['fields'] = array();
		}
		return $memory;
	}

	/**
	 * This session is done with the cart, which was bought. Of an order that waits for its payment the cart is kept:
	 * a link may lead back to it. Where it lies in another browser too, that one is told no more of it until its
	 * shopper does something.
	 *
	 * @param array $memory Of the cart.
	 * @param bool  $keep   Whether a link may lead back.
	 */
	public function settle( array $memory, $keep ) {
		global $wpdb;
		$this->openings->close( $memory['key'] );
		if ( $memory['owner'] !== self::owner() ) {
			$this->write( $memory['key'], 'page', array_merge( $memory['page'], array( 'over' => true ) ) );
			if ( ! $keep ) {
				$wpdb->query( $wpdb->prepare( 'UPDATE %i SET typed = NULL, box = NULL, fields = NULL WHERE cart_key = %s', self::table(), $memory['key'] ) );
			}
			return;
		}
		$wpdb->query( $wpdb->prepare( "UPDATE %i SET owner = CONCAT('#', cart_key) WHERE cart_key = %s", self::table(), $memory['key'] ) );
		if ( ! $keep ) {
			$this->strip( $memory['key'] );
		}
	}

	/**
	 * Of a cart that nobody holds any more only the number of its order stays.
	 *
	 * @param string $key Of the cart.
	 */
	public function strip( $key ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "UPDATE %i SET page = NULL, typed = NULL, box = NULL, goods = NULL, fields = NULL WHERE cart_key = %s AND owner LIKE '#%%'", self::table(), $key ) );
	}

	/**
	 * The carts of one person, whosever request this is, with what their owner typed.
	 *
	 * @param int    $user  Their account; 0 for none.
	 * @param string $email Their address.
	 * @param array  $keys  Of carts that are theirs.
	 * @return array Of carts as remembered.
	 */
	public function of_person( $user, $email, array $keys ) {
		global $wpdb;
		$named = '%' . $wpdb->esc_like( trim( (string) wp_json_encode( $email ), '"' ) ) . '%';
		$rows  = $wpdb->get_results( $wpdb->prepare( 'SELECT * FROM %i WHERE owner = %s OR typed LIKE %s OR fields LIKE %s OR FIND_IN_SET(cart_key, %s) ORDER BY created_at', self::table(), $user ? (string) $user : '', $named, $named, implode( ',', $keys ) ), ARRAY_A );
		$found = array();
		foreach ( $rows as $row ) {
			$cart  = self::read( $row );
			$typed = Fields::typed( $cart );
			$same  = isset( $typed['billing']['email'] ) && 0 === strcasecmp( $typed['billing']['email'], $email );
			if ( $same || ( $user && (string) $user === $cart['owner'] ) || in_array( $cart['key'], $keys, true ) ) {
				$found[] = $cart;
			}
		}
		return $found;
	}

	/**
	 * Forget a cart altogether; a link to it leads nowhere then.
	 *
	 * @param string $key Of the cart.
	 */
	public function erase( $key ) {
		global $wpdb;
		foreach ( array( self::table(), Openings::table() ) as $table ) {
			$wpdb->delete( $table, array( 'cart_key' => $key ), array( '%s' ) );
		}
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
		$this->openings->move( $guest, $user );
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
		$kept = is_array( $value ) ? wp_json_encode( $value, JSON_PRESERVE_ZERO_FRACTION ) : $value;
		if ( in_array( $part, self::OWN, true ) ) {
			$found = $this->find();
			if ( $found && $found['key'] === $key && ! empty( $found['opened'] ) && ! $found['opened']['own'] ) {
				$this->openings->change( $found['opened']['nonce'], array( $part => $kept ) );
				return;
			}
		}
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
	 * Forget carts that nobody touched for as long as a session may last. Once a day, with what WooCommerce forgets of
	 * persons then: a shop in which nothing happens sends nothing.
	 */
	public static function forget_old() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE updated_at < %d', self::table(), time() - self::KEPT_DAYS * DAY_IN_SECONDS ) );
		Openings::forget_old();
	}

	/**
	 * Empty the tables.
	 */
	public function clear() {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i', self::table() ) );
		$this->openings->clear();
	}

	/**
	 * WooCommerce's name of the session: random for a guest, the number of a customer who is signed in.
	 */
	public static function owner() {
		return (string) WC()->session->get_customer_id();
	}

	/**
	 * One row.
	 *
	 * @param string $column owner or cart_key.
	 * @param string $value  What is looked for.
	 * @return array|null
	 */
	private static function row( $column, $value ) {
		global $wpdb;
		return $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM %i WHERE %i = %s', self::table(), $column, $value ), ARRAY_A );
	}

	/**
	 * A row with its parts as arrays.
	 *
	 * @param array $row Of the table.
	 * @return array
	 */
	private static function read( array $row ) {
		$memory = array(
			'key'      => $row['cart_key'],
			'owner'    => (string) $row['owner'],
			'created'  => (int) $row['created_at'],
			'updated'  => (int) $row['updated_at'],
			'order_id' => (int) $row['order_id'],
			'opened'   => null,
		);
		foreach ( self::PARTS as $part ) {
			$memory[ $part ] = self::decoded( isset( $row[ $part ] ) ? $row[ $part ] : null );
		}
		return $memory;
	}

	/**
	 * JSON as an array, whatever lies there.
	 *
	 * @param string|null $json As kept.
	 * @return array
	 */
	private static function decoded( $json ) {
		$told = json_decode( (string) $json, true );
		return is_array( $told ) ? $told : array();
	}

	/**
	 * The table's name.
	 */
	public static function table() {
		global $wpdb;
		return $wpdb->prefix . 'warmcart_cart';
	}
}
