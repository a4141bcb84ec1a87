<?php
/**
 * What lies in a cart, so that it can be put together again.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Lines with their variation and with what other plugins keep in them (add-ons, engravings, deposits), as JSON.
 * Putting back goes through WooCommerce's own add_to_cart, so that those plugins make their price of it.
 */
class Snapshot {

	const OURS = array( 'key', 'product_id', 'variation_id', 'variation', 'quantity', 'data', 'data_hash', 'line_tax_data', 'line_subtotal', 'line_subtotal_tax', 'line_total', 'line_tax' );

	/**
	 * The lines of a cart.
	 *
	 * @param \WC_Cart $cart Cart.
	 * @return array
	 */
	public static function lines( $cart ) {
		return array_values( array_map( array( self::class, 'line' ), $cart->get_cart() ) );
	}

	/**
	 * One line. "extra" is null where a plugin keeps something with it that no text can hold.
	 *
	 * @param array $item Of the cart.
	 * @return array
	 */
	public static function line( array $item ) {
		$extra = array_diff_key( $item, array_flip( self::OURS ) );
		return array(
			'key'          => (string) $item['key'],
			'product_id'   => (int) $item['product_id'],
			'variation_id' => (int) $item['variation_id'],
			'variation'    => isset( $item['variation'] ) ? (array) $item['variation'] : array(),
			'quantity'     => $item['quantity'],
			'title'        => wp_strip_all_tags( $item['data']->get_name() ),
			'extra'        => self::is_plain( $extra ) ? $extra : null,
		);
	}

	/**
	 * Whether two carts hold the same.
	 *
	 * @param array $lines  Of one.
	 * @param array $others Of the other.
	 */
	public static function same( array $lines, array $others ) {
		return array_column( $lines, 'quantity', 'key' ) == array_column( $others, 'quantity', 'key' ); // phpcs:ignore Universal.Operators.StrictComparisons.LooseEqual -- the order does not matter.
	}

	/**
	 * Put lines back into the shopper's cart. What lies in it stays: of the same thing the larger quantity counts.
	 *
	 * @param array $lines As kept.
	 * @return array What could not be done: kind (gone, fewer), title, quantity.
	 */
	public function put_back( array $lines ) {
		$said = array();
		foreach ( $lines as $line ) {
			$missing = $line['quantity'] - $this->there( $line );
			if ( $missing <= 0 ) {
				continue;
			}
			$put = min( $missing, $this->room( $line ) );
			if ( $put <= 0 || ! $this->add( $line, $put ) ) {
				$put = 0;
			}
			if ( $put < $missing ) {
				$said[] = array(
					'kind'     => $this->there( $line ) ? 'fewer' : 'gone',
					'title'    => $line['title'],
					'quantity' => $this->there( $line ),
				);
			}
		}
		return $said;
	}

	/**
	 * How many of the same thing lie in the cart.
	 *
	 * @param array $line As kept.
	 */
	private function there( array $line ) {
		$key = $this->key_of( $line );
		return null === $key ? 0 : WC()->cart->get_cart()[ $key ]['quantity'];
	}

	/**
	 * Where the same thing lies in the cart. The key alone does not tell: plugins put more into a line later on.
	 *
	 * @param array $line As kept.
	 * @return string|null
	 */
	private function key_of( array $line ) {
		foreach ( WC()->cart->get_cart() as $key => $item ) {
			$found = self::line( $item );
			$same  = array_intersect_key( $found, array_flip( array( 'product_id', 'variation_id', 'variation', 'extra' ) ) );
			if ( $key === $line['key'] || array_intersect_key( $line, $same ) == $same ) { // phpcs:ignore Universal.Operators.StrictComparisons.LooseEqual -- JSON may turn 1.0 into 1.
				return $key;
			}
		}
		return null;
	}

	/**
	 * How many more can be bought.
	 *
	 * @param array $line As kept.
	 * @return int|float
	 */
	private function room( array $line ) {
		$product = wc_get_product( $line['variation_id'] ? $line['variation_id'] : $line['product_id'] );
		if ( ! $product || null === $line['extra'] || ! $product->is_purchasable() || ! $product->is_in_stock() ) {
			return 0;
		}
		$most = $product->get_max_purchase_quantity();
		if ( $most < 0 ) {
			return $line['quantity'];
		}
		$taken = WC()->cart->get_cart_item_quantities();
		$id    = $product->get_stock_managed_by_id();
		$held  = $product->managing_stock() && function_exists( 'wc_get_held_stock_quantity' ) ? wc_get_held_stock_quantity( $product ) : 0;
		return $most - $held - ( isset( $taken[ $id ] ) ? $taken[ $id ] : 0 );
	}

	/**
	 * Add some of a line.
	 *
	 * @param array     $line As kept.
	 * @param int|float $many How many.
	 * @return bool
	 */
	private function add( array $line, $many ) {
		$key = $this->key_of( $line );
		try {
			if ( null !== $key ) {
				return (bool) WC()->cart->set_quantity( $key, WC()->cart->get_cart()[ $key ]['quantity'] + $many );
			}
			return (bool) WC()->cart->add_to_cart( $line['product_id'], $many, $line['variation_id'], $line['variation'], $line['extra'] );
		} catch ( \Throwable $error ) {
			wc_get_logger()->warning( $error->getMessage(), array( 'source' => 'warmcart' ) );
			return false;
		}
	}

	/**
	 * Whether JSON holds a value as it is.
	 *
	 * @param mixed $value Anything.
	 */
	private static function is_plain( $value ) {
		if ( is_array( $value ) ) {
			return count( array_filter( $value, array( self::class, 'is_plain' ) ) ) === count( $value );
		}
		return null === $value || is_scalar( $value );
	}
}
