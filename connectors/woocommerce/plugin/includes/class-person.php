<?php
/**
 * Somebody whom WordPress names by e-mail address, as this shop knows them.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The account, the last orders, what is remembered of carts, and what waits to be sent.
 */
class Person {

	const MOST_ORDERS = 100;
	const MOST_PHONES = 10;

	/**
	 * The address.
	 *
	 * @var string
	 */
	public $email;

	/**
	 * Number of the account; 0 for none.
	 *
	 * @var int
	 */
	public $user = 0;

	/**
	 * Orders.
	 *
	 * @var array
	 */
	public $orders = array();

	/**
	 * What is remembered of carts.
	 *
	 * @var array
	 */
	public $carts = array();

	/**
	 * What was typed and ticked where they came by a link.
	 *
	 * @var array
	 */
	public $visits = array();

	/**
	 * What waits to be sent.
	 *
	 * @var array
	 */
	public $waiting = array();

	/**
	 * Look them up.
	 *
	 * @param string   $email    Address.
	 * @param Memory   $memory   What is remembered.
	 * @param Openings $openings Which browser came by which link.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( $email, Memory $memory, Openings $openings, Outbox $outbox ) {
		$this->email  = trim( (string) $email );
		$user         = get_user_by( 'email', $this->email );
		$this->user   = $user ? (int) $user->ID : 0;
		$this->orders = wc_get_orders(
			array(
				'customer' => array_filter( array( $this->email, $this->user ) ),
				'limit'    => self::MOST_ORDERS,
				'orderby'  => 'date',
				'order'    => 'DESC',
			)
		);
		// A cart leads to events, and an event to a cart whose shopper has deleted the address again.
		$keys          = $this->keys_of_orders();
		$keys          = array_merge( $keys, array_column( $memory->of_person( $this->user, $this->email, $keys ), 'key' ) );
		$this->waiting = $outbox->of_person( $this->email, $this->subjects( $keys ) );
		$this->carts   = $memory->of_person( $this->user, $this->email, array_merge( $keys, $this->keys_of_events() ) );
		$this->visits  = $openings->of_person( $this->user, $this->email );
	}

	/**
	 * As the server is asked about them. Numbers are as they were typed, each with the country beside it.
	 *
	 * @return array
	 */
	public function named() {
		return array(
			'email'       => $this->email,
			'customer_id' => $this->user,
			'phones'      => $this->phones(),
		);
	}

	/**
	 * Every number that the shop has with the address, the newest first.
	 *
	 * @return array
	 */
	public function phones() {
		$told = array();
		foreach ( array_reverse( array_merge( $this->carts, $this->visits ) ) as $cart ) {
			$typed  = Told::typed( $cart ) + array(
				'phone'   => '',
				'country' => '',
			);
			$told[] = array( $typed['phone'], $typed['country'] );
		}
		if ( $this->user ) {
			$told[] = array( get_user_meta( $this->user, 'billing_phone', true ), get_user_meta( $this->user, 'billing_country', true ) );
		}
		foreach ( $this->orders as $order ) {
			$told[] = array( $order->get_billing_phone(), $order->get_billing_country() );
		}
		$phones = array();
		foreach ( $told as list( $phone, $country ) ) {
			$phone = trim( (string) $phone );
			if ( '' !== $phone && ! isset( $phones[ $phone ] ) ) {
				$phones[ $phone ] = array(
					'phone'   => $phone,
					'country' => (string) $country,
				);
			}
		}
		return array_slice( array_values( $phones ), 0, self::MOST_PHONES );
	}

	/**
	 * Forget what the plugin itself keeps. What orders keep as proof of consent stays with them.
	 *
	 * @param Memory   $memory   What is remembered.
	 * @param Openings $openings Which browser came by which link.
	 * @param Outbox   $outbox   What waits.
	 * @return bool Whether there was anything.
	 */
	public function forget( Memory $memory, Openings $openings, Outbox $outbox ) {
		foreach ( $this->carts as $cart ) {
			$memory->erase( $cart['key'] );
		}
		foreach ( $this->visits as $visit ) {
			$openings->erase( $visit['id'] );
		}
		foreach ( $this->waiting as $event ) {
			$outbox->remove( $event->id );
		}
		$ticked = $this->user && delete_user_meta( $this->user, Consent_Box::META );
		return $this->carts || $this->visits || $this->waiting || $ticked;
	}

	/**
	 * Keys of the carts that became their orders.
	 */
	private function keys_of_orders() {
		$keys = array();
		foreach ( $this->orders as $order ) {
			$keys[] = (string) $order->get_meta( Orders::META );
		}
		return array_values( array_filter( $keys ) );
	}

	/**
	 * Keys of the carts about which something waits.
	 */
	private function keys_of_events() {
		$keys = array();
		foreach ( $this->waiting as $event ) {
			if ( 0 === strpos( $event->subject, 'cart:' ) ) {
				$keys[] = substr( $event->subject, 5 );
			}
		}
		return $keys;
	}

	/**
	 * What events about their carts and orders are called.
	 *
	 * @param array $keys Of carts.
	 */
	private function subjects( array $keys ) {
		$subjects = array();
		foreach ( $keys as $key ) {
			$subjects[] = "cart:$key";
		}
		foreach ( $this->orders as $order ) {
			$subjects[] = 'order:' . $order->get_id();
		}
		return $subjects;
	}
}
