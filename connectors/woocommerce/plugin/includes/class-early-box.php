<?php
/**
 * The box for consent in the block checkout of WooCommerce before 8.9.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * These versions have no additional fields, but their block checkout keeps HTML that it finds inside its blocks. Our
 * script tells of the tick as ever; WooCommerce sends nothing of it with the order, so what was told last counts.
 */
final class Early_Box {

	const ID = 'warmcart_block_sms_consent';

	/**
	 * What is remembered.
	 *
	 * @var Memory
	 */
	private $memory;

	/**
	 * Needs the memory.
	 *
	 * @param Memory $memory What is remembered.
	 */
	public function __construct( Memory $memory ) {
		$this->memory = $memory;
	}

	/**
	 * Into the block that the merchant chose.
	 */
	public function listen() {
		$settings = Options::settings();
		if ( ! $settings['box'] ) {
			return;
		}
		$block = 'order' === $settings['place'] ? 'actions' : 'contact-information';
		add_filter( "render_block_woocommerce/checkout-$block-block", array( $this, 'add' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_from_request', array( $this, 'note' ) );
	}

	/**
	 * The box: at the end of the contact details, or above the button. It comes up unticked, and that counts too.
	 *
	 * @param string $block What it shows.
	 * @return string
	 */
	public function add( $block ) {
		if ( ! self::is_needed() || ! Capture::has_cart() ) {
			return $block;
		}
		Plugin::quietly(
			function () {
				$memory = $this->memory->find();
				if ( $memory && $memory['box'] ) {
					$this->memory->write( $memory['key'], 'box', array() );
				}
			}
		);
		$end = strrpos( $block, '</div>' );
		return false === strpos( $block, 'contact-information' ) || false === $end
			? self::html() . $block
			: substr_replace( $block, self::html(), $end, 0 );
	}

	/**
	 * An order keeps the tick as WooCommerce from 8.9 on does.
	 *
	 * @param \WC_Order $order Order, before it is saved.
	 */
	public function note( $order ) {
		if ( ! self::is_needed() || ! Capture::has_cart() ) {
			return;
		}
		Plugin::quietly(
			function () use ( $order ) {
				$memory = $this->memory->find();
				if ( $memory && $memory['box'] ) {
					$order->update_meta_data( Consent_Box::META, '1' );
					Consent_Box::keep_words( $order, $memory );
				} else {
					$order->delete_meta_data( Consent_Box::META );
				}
			}
		);
	}

	/**
	 * Known only once WooCommerce's blocks are loaded.
	 */
	private static function is_needed() {
		return ! function_exists( 'woocommerce_register_additional_checkout_field' );
	}

	/**
	 * The browser's own checkbox: WooCommerce draws the tick of its boxes itself.
	 *
	 * @return string
	 */
	private static function html() {
		return '<p style="margin:16px 0 0"><label for="' . self::ID . '"><input type="checkbox" id="' . self::ID . '"> ' . esc_html( Consent_Box::wording() ) . '</label></p>';
	}
}
