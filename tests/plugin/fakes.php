<?php
/** A shop's cart, shopper, session and orders, as far as the plugin looks at them. */

use Warmcart\Memory;
use Warmcart\Openings;

final class Fake_Product {
	public $name, $stock, $purchasable, $id;

	public function __construct( $name = '<b>Shirt</b> - M', $stock = null, $purchasable = true, $id = 13 ) {
		$this->name        = $name;
		$this->stock       = $stock;
		$this->purchasable = $purchasable;
		$this->id          = $id;
	}

	public function get_image_id() {
		return 7;
	}

	public function get_name() {
		return $this->name;
	}

	public function is_purchasable() {
		return $this->purchasable;
	}

	public function is_in_stock() {
		return 0 !== $this->stock;
	}

	public function managing_stock() {
		return null !== $this->stock;
	}

	public function get_max_purchase_quantity() {
		return null === $this->stock ? -1 : $this->stock;
	}

	public function get_stock_managed_by_id() {
		return $this->id;
	}
}

/** Holds one line of shirts unless a test puts something else into it. */
final class Fake_Cart {
	public $quantity = 2;
	public $lines    = null;
	public $coupons  = array();
	public $good     = array( 'welcome15' );

	public function is_empty() {
		return null === $this->lines ? 0 === $this->quantity : ! $this->lines;
	}

	public function get_total() {
		return 75;
	}

	public function get_cart() {
		if ( null !== $this->lines ) {
			return $this->lines;
		}
		return array( 'k1' => array( 'key' => 'k1', 'data' => new Fake_Product(), 'product_id' => 13, 'variation_id' => 15, 'quantity' => $this->quantity, 'line_total' => 70 ) );
	}

	public function get_applied_coupons() {
		return $this->coupons;
	}

	/** As WooCommerce does: the key is made of all that tells two lines apart. */
	public function add_to_cart( $product_id, $quantity, $variation_id, $variation, $extra ) {
		$product = wc_get_product( $variation_id ? $variation_id : $product_id );
		if ( ! $product ) {
			return false;
		}
		$GLOBALS['wordpress']['done'][] = 'woocommerce_add_to_cart';

		$key                 = md5( json_encode( array( $product_id, $variation_id, $variation, $extra ) ) );
		$this->lines         = (array) $this->lines;
		$this->lines[ $key ] = $extra + array( 'key' => $key, 'data' => $product, 'product_id' => $product_id, 'variation_id' => $variation_id, 'variation' => $variation, 'quantity' => $quantity );
		return $key;
	}

	public function set_quantity( $key, $quantity ) {
		$this->lines[ $key ]['quantity'] = $quantity;
		return true;
	}

	public function get_cart_item_quantities() {
		$found = array();
		foreach ( $this->get_cart() as $line ) {
			$id           = $line['data']->get_stock_managed_by_id();
			$found[ $id ] = ( isset( $found[ $id ] ) ? $found[ $id ] : 0 ) + $line['quantity'];
		}
		return $found;
	}

	public function has_discount( $code ) {
		return in_array( $code, $this->coupons, true );
	}

	public function apply_coupon( $code ) {
		if ( ! in_array( $code, $this->good, true ) ) {
			wc_add_notice( "Coupon \"$code\" does not exist!", 'error' );
			return false;
		}
		$this->coupons[] = $code;
		return true;
	}

	public function calculate_totals() {
	}
}

final class Fake_Customer {
	public $meta = array();
	public $id   = 0;
	private $known;

	public function delete_meta_data( $key ) {
		unset( $this->meta[ $key ] );
	}

	/** phone, email, street; or the names of WooCommerce, such as billing_city. */
	public function __construct( array $known ) {
		$this->known = array();
		foreach ( $known as $name => $value ) {
			$names                          = array( 'phone' => 'billing_phone', 'email' => 'billing_email', 'street' => 'billing_address_1' );
			$this->known[ isset( $names[ $name ] ) ? $names[ $name ] : $name ] = $value;
		}
		$this->known += array( 'billing_country' => 'AU' );
	}

	public function __call( $name, $arguments ) {
		$field = substr( $name, 4 );
		if ( 0 === strpos( $name, 'set_' ) ) {
			$this->known[ $field ] = $arguments[0];
			return null;
		}
		return isset( $this->known[ $field ] ) ? $this->known[ $field ] : '';
	}

	public function get_id() {
		return $this->id;
	}

	public function save() {
	}
}

final class Fake_Session {
	public $exists = true;
	public $id     = 't_one';
	public $data   = array();

	public function set( $name, $value ) {
		$this->data[ $name ] = $value;
	}

	public function has_session() {
		return $this->exists;
	}

	public function get_customer_id() {
		return $this->id;
	}

	public function set_customer_session_cookie() {
		$this->exists = true;
	}
}

final class Fake_Logger {
	public $errors = array();

	public function error( $message ) {
		$this->errors[] = $message;
	}
}

/** Who followed which link, without a database. */
final class Fake_Openings extends Openings {
	public $rows = array();

	public function open( array $ticket, $owner ) {
		if ( isset( $this->rows[ $ticket['nonce'] ] ) ) {
			return $this->rows[ $ticket['nonce'] ]['owner'] === $owner ? self::AGAIN : self::USED;
		}
		$before = $this->current( $owner );
		$fresh  = array( 'nonce' => $ticket['nonce'], 'owner' => $owner, 'cart_key' => $ticket['cart'], 'cid' => $ticket['cid'], 'opened_at' => time(), 'proven' => 0, 'filled' => 0, 'typed' => null, 'box' => null, 'said' => null );
		if ( $before && $before['cart_key'] === $ticket['cart'] ) {
			$fresh = array_merge( $fresh, array_intersect_key( $before, array_flip( array( 'proven', 'filled', 'typed', 'box' ) ) ) );
		}
		$this->rows[ $ticket['nonce'] ] = $fresh;
		return self::FRESH;
	}

	public function current( $owner ) {
		$found = array_filter( $this->rows, function ( $row ) use ( $owner ) {
			return $row['owner'] === $owner;
		} );
		return $found ? end( $found ) : null;
	}

	public function change( $nonce, array $changes ) {
		$this->rows[ $nonce ] = array_merge( $this->rows[ $nonce ], $changes );
	}

	public function close( $key ) {
		foreach ( $this->rows as $nonce => $row ) {
			if ( $row['cart_key'] === $key ) {
				$this->rows[ $nonce ]['owner'] = '';
			}
		}
	}
}

final class WC_Geolocation {
	public static function get_ip_address() {
		return '203.0.113.7';
	}
}

/** What is remembered, without a database. "kept" is the cart of the session that a test looks at. */
final class Fake_Memory extends Memory {
	public $rows   = array();
	public $broken = false;
	public $openings;

	public function __construct() {
		$this->openings = new Fake_Openings();
	}

	public function __get( $name ) {
		return 'kept' === $name ? $this->find() : null;
	}

	public function get() {
		if ( ! $this->find() ) {
			$key                = Warmcart\Signature::random( 16 );
			$this->rows[ $key ] = array( 'key' => $key, 'owner' => self::owner(), 'created' => 0, 'updated' => 0, 'order_id' => 0, 'opened' => null ) + array_fill_keys( self::PARTS, array() );
		}
		return $this->find();
	}

	public function find() {
		if ( $this->broken ) {
			throw new RuntimeException( 'no table' );
		}
		$opening = $this->openings->current( self::owner() );
		if ( $opening && isset( $this->rows[ $opening['cart_key'] ] ) ) {
			return self::seen_from( $this->rows[ $opening['cart_key'] ], $opening );
		}
		foreach ( $this->rows as $row ) {
			if ( $row['owner'] === self::owner() ) {
				return $row;
			}
		}
		return null;
	}

	public function by_key( $key ) {
		return isset( $this->rows[ $key ] ) ? $this->rows[ $key ] : null;
	}

	public function write( $key, $part, $value ) {
		$found = $this->find();
		$key   = '' === $key ? $found['key'] : $key;
		if ( in_array( $part, self::OWN, true ) && $found && $found['key'] === $key && $found['opened'] && ! $found['opened']['own'] ) {
			$this->openings->change( $found['opened']['nonce'], array( $part => json_encode( $value ) ) );
			return;
		}
		$this->rows[ $key ][ $part ] = $value;
	}

	public function settle( array $memory, $keep ) {
		$key = $memory['key'];
		$this->openings->close( $key );
		if ( $memory['owner'] !== self::owner() ) {
			$this->rows[ $key ]['page']['over'] = true;
			return;
		}
		$this->rows[ $key ]['owner'] = "#$key";
		if ( ! $keep ) {
			$this->strip( $key );
		}
	}

	public function strip( $key ) {
		if ( isset( $this->rows[ $key ] ) && '#' === $this->rows[ $key ]['owner'][0] ) {
			$this->rows[ $key ] = array_fill_keys( array_diff( self::PARTS, array( 'tries' ) ), array() ) + $this->rows[ $key ];
		}
	}

	public function alone( $work ) {
		$work();
	}
}

final class Fake_Order {
	public $meta   = array();
	public $status = 'processing';
	public $saved  = 0;

	public function get_meta( $key ) {
		return isset( $this->meta[ $key ] ) ? $this->meta[ $key ] : '';
	}

	public function update_meta_data( $key, $value ) {
		$this->meta[ $key ] = $value;
	}

	public function delete_meta_data( $key ) {
		unset( $this->meta[ $key ] );
	}

	public function save_meta_data() {
		++$this->saved;
	}

	public function get_id() {
		return 28;
	}

	public function get_status() {
		return $this->status;
	}

	public function get_total() {
		return 29;
	}

	public function get_items() {
		return array();
	}

	public function get_coupon_codes() {
		return array( 'welcome15' );
	}

	public function needs_payment() {
		return in_array( $this->status, array( 'pending', 'failed' ), true );
	}

	public function is_paid() {
		return in_array( $this->status, array( 'processing', 'completed' ), true );
	}

	public function get_date_created() {
		return ( new DateTime( '@1795832020' ) );
	}

	public function get_billing_phone() {
		return isset( $this->meta['phone'] ) ? $this->meta['phone'] : 'billing_phone';
	}

	public function get_billing_country() {
		return isset( $this->meta['country'] ) ? $this->meta['country'] : 'billing_country';
	}

	/** All other fields are texts. */
	public function __call( $name, $arguments ) {
		return 0 === strpos( $name, 'get_date' ) ? null : str_replace( 'get_', '', $name );
	}
}
