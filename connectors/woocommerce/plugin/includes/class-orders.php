<?php
/**
 * Orders: joined to their cart, and told at once.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * An order keeps the key of the cart that it was, so that WooCommerce's own webhooks tell it too.
 */
final class Orders {

	const META = '_warmcart_cart';
	const CID  = '_warmcart_cid';

	/**
	 * Where events wait.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * What is remembered.
	 *
	 * @var Memory
	 */
	private $memory;

	/**
	 * Who tells the cart.
	 *
	 * @var Capture
	 */
	private $capture;

	/**
	 * Needs the outbox, the memory, and who tells the cart.
	 *
	 * @param Outbox  $outbox  Where events wait.
	 * @param Memory  $memory  What is remembered.
	 * @param Capture $capture Who tells the cart.
	 */
	public function __construct( Outbox $outbox, Memory $memory, Capture $capture ) {
		$this->outbox  = $outbox;
		$this->memory  = $memory;
		$this->capture = $capture;
	}

	/**
	 * Both checkouts; and payments that come later, without the shopper.
	 */
	public function listen() {
		add_action( 'woocommerce_checkout_create_order', array( $this, 'mark' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_meta', array( $this, 'mark_draft' ) );
		add_action( 'woocommerce_checkout_order_processed', array( $this, 'made' ), 10, 3 );
		add_action( 'woocommerce_store_api_checkout_order_processed', array( $this, 'made_by_block' ) );
		add_action( 'woocommerce_order_status_changed', array( $this, 'changed' ), 10, 4 );
	}

	/**
	 * Write the cart's key into the order, which is saved after this.
	 *
	 * @param \WC_Order $order Order.
	 */
	public function mark( $order ) {
		if ( Capture::has_cart() ) {
			Plugin::quietly(
				function () use ( $order ) {
					self::note( $order, $this->memory->get() );
				}
			);
		}
	}

	/**
	 * The cart's key, and the link by which it was opened.
	 *
	 * @param \WC_Order $order  Order.
	 * @param array     $memory Of the cart.
	 */
	private static function note( $order, array $memory ) {
		$order->update_meta_data( self::META, $memory['key'] );
		if ( ! empty( $memory['opened'] ) ) {
			$order->update_meta_data( self::CID, $memory['opened']['cid'] );
		}
	}

	/**
	 * Block checkout: the order was saved before. Up to 10.8 this comes with each field that is typed.
	 *
	 * @param \WC_Order $order Order.
	 */
	public function mark_draft( $order ) {
		if ( '' === (string) $order->get_meta( self::META ) ) {
			$this->mark( $order );
			$order->save_meta_data();
		}
	}

	/**
	 * Classic checkout: the order is there, the payment comes.
	 *
	 * @param int       $id     Of the order.
	 * @param array     $posted The form.
	 * @param \WC_Order $order  Order.
	 */
	public function made( $id, $posted, $order ) {
		$this->made_by_block( $order );
	}

	/**
	 * Block checkout: the same.
	 *
	 * @param \WC_Order $order Order.
	 */
	public function made_by_block( $order ) {
		Plugin::quietly(
			function () use ( $order ) {
				if ( Capture::has_cart() ) {
					$this->join( $order, $this->memory->get() );
				}
				$this->tell( $order );
			}
		);
	}

	/**
	 * The cart became this order. The box as it was sent with the order is the shopper's last word: a tick that
	 * was taken back, or that a page which was loaded anew did not show any more, counts no longer.
	 *
	 * @param \WC_Order $order  Order.
	 * @param array     $memory Of the cart.
	 */
	private function join( $order, array $memory ) {
		if ( ! empty( $memory['opened'] ) ) {
			// A draft of the block checkout may be older than the link.
			self::note( $order, $memory );
			$order->save_meta_data();
		}
		$this->memory->write( $memory['key'], 'order_id', $order->get_id() );
		if ( $memory['box'] && '1' !== (string) $order->get_meta( Consent_Box::META ) ) {
			$this->memory->write( $memory['key'], 'box', array() );
			$this->capture->look();
		}
	}

	/**
	 * Paid, on hold, cancelled ...
	 *
	 * @param int       $id    Of the order.
	 * @param string    $from  Before.
	 * @param string    $to    Now.
	 * @param \WC_Order $order Order.
	 */
	public function changed( $id, $from, $to, $order ) {
		Plugin::quietly(
			function () use ( $order ) {
				$this->tell( $order );
				$key = (string) $order->get_meta( self::META );
				if ( '' !== $key && self::is_bought( $order ) ) {
					$this->memory->strip( $key );
				}
			}
		);
	}

	/**
	 * Whether an order is paid, or will be by transfer or on delivery.
	 *
	 * @param \WC_Order|false $order Order.
	 */
	public static function is_bought( $order ) {
		return $order && ( $order->is_paid() || 'on-hold' === $order->get_status() );
	}

	/**
	 * Only what was a cart that we told of. A draft is no order yet.
	 *
	 * @param \WC_Order $order Order.
	 */
	private function tell( $order ) {
		if ( '' === (string) $order->get_meta( self::META ) || 'checkout-draft' === $order->get_status() ) {
			return;
		}
		$this->outbox->put(
			'order:' . $order->get_id(),
			array(
				'type'        => 'order',
				'occurred_at' => gmdate( 'Y-m-d\TH:i:s\Z', Options::now() ),
				'order'       => Order_Body::of( $order ),
			)
		);
	}
}
