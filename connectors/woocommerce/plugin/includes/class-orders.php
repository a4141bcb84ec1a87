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
	 * Needs the outbox and the memory.
	 *
	 * @param Outbox $outbox Where events wait.
	 * @param Memory $memory What is remembered.
	 */
	public function __construct( Outbox $outbox, Memory $memory ) {
		$this->outbox = $outbox;
		$this->memory = $memory;
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
					$memory = $this->memory->get();
					$order->update_meta_data( self::META, $memory['key'] );
				}
			);
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
					$memory = $this->memory->get();
					$this->memory->write( $memory['key'], 'order_id', $order->get_id() );
				}
				$this->tell( $order );
			}
		);
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
			}
		);
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
