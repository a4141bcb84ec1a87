<?php
/** A shop's cart, shopper, session and orders, as far as the plugin looks at them. */

use Warmcart\Memory;

final class Fake_Product {
	public function get_image_id() {
		return 7;
	}

	public function get_name() {
		return '<b>Shirt</b> - M';
	}
}

final class Fake_Cart {
	public $quantity = 2;

	public function is_empty() {
		return 0 === $this->quantity;
	}

	public function get_total() {
		return 75;
	}

	public function get_cart() {
		return array( 'k1' => array( 'key' => 'k1', 'data' => new Fake_Product(), 'product_id' => 13, 'variation_id' => 15, 'quantity' => $this->quantity, 'line_total' => 70 ) );
	}
}

final class Fake_Customer {
	public $meta = array();
	private $known;

	public function delete_meta_data( $key ) {
		unset( $this->meta[ $key ] );
	}

	public function __construct( array $known ) {
		$this->known = $known + array( 'phone' => '', 'email' => '', 'street' => '' );
	}

	public function get_billing_phone() {
		return $this->known['phone'];
	}

	public function get_billing_email() {
		return $this->known['email'];
	}

	public function get_billing_country() {
		return 'AU';
	}

	public function get_billing_address_1() {
		return $this->known['street'];
	}

	public function get_shipping_address_1() {
		return '';
	}

	public function get_id() {
		return 0;
	}
}

final class Fake_Session {
	public $exists = true;

	public function has_session() {
		return $this->exists;
	}
}

final class Fake_Logger {
	public $errors = array();

	public function error( $message ) {
		$this->errors[] = $message;
	}
}

/** What is remembered, without a database. */
final class Fake_Memory extends Memory {
	public $kept;
	public $broken = false;

	public function get() {
		if ( $this->broken ) {
			throw new RuntimeException( 'no table' );
		}
		if ( ! $this->kept ) {
			$this->kept = array( 'key' => Warmcart\Signature::random( 16 ), 'created' => 0, 'order_id' => 0, 'page' => array(), 'typed' => array(), 'box' => array() );
		}
		return $this->kept;
	}

	public function find() {
		return $this->kept;
	}

	public function write( $key, $part, $value ) {
		$this->kept[ $part ] = $value;
	}

	public function forget( $key ) {
		$this->kept = null;
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
		return false;
	}

	public function get_date_created() {
		return ( new DateTime( '@1795832020' ) );
	}

	/** All other fields are texts. */
	public function __call( $name, $arguments ) {
		return 0 === strpos( $name, 'get_date' ) ? null : str_replace( 'get_', '', $name );
	}
}
