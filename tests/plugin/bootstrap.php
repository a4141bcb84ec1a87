<?php
/**
 * As much of WordPress and WooCommerce as the plugin's tests need, each function as thin as it can be.
 * What a test wants to see or to steer lies in $GLOBALS['wordpress'].
 */

namespace {
	define( 'ABSPATH', __DIR__ );
	define( 'DB_NAME', 'shop' );
	define( 'MINUTE_IN_SECONDS', 60 );
	define( 'HOUR_IN_SECONDS', 3600 );
	define( 'DAY_IN_SECONDS', 86400 );
	define( 'ARRAY_A', 'ARRAY_A' );

	function reset_wordpress() {
		$GLOBALS['wordpress'] = array(
			'options'   => array(),
			'posted'    => array(),
			'answers'   => array(),
			'scheduled' => array(),
			'filters'   => array(),
			'heard'     => array(),
			'locale'    => 'en_US',
			'done'      => array( 'woocommerce_cart_loaded_from_session', 'template_redirect' ),
			'checkout'  => false,
			'block'     => null,
			'lock'      => '1',
			'rows'      => array(),
			'notices'   => array(),
			'orders'    => array(),
			'products'  => array(),
			'signed_in' => false,
			'results'   => array(),
			'users'     => array(),
			'user_meta' => array(),
			'ajax'      => false,
			'catalog'   => array(),
			'stored'    => null,
		);
	}

	function get_option( $name, $default = false ) {
		$options = $GLOBALS['wordpress']['options'];
		return array_key_exists( $name, $options ) ? $options[ $name ]['value'] : $default;
	}

	function update_option( $name, $value, $autoload = null ) {
		$GLOBALS['wordpress']['options'][ $name ] = compact( 'value', 'autoload' );
		return true;
	}

	function delete_option( $name ) {
		unset( $GLOBALS['wordpress']['options'][ $name ] );
		return true;
	}

	function wp_remote_post( $url, $request ) {
		$GLOBALS['wordpress']['posted'][] = $request + array( 'url' => $url );
		$answer = array_shift( $GLOBALS['wordpress']['answers'] );
		return is_callable( $answer ) ? $answer( $url, $request ) : $answer;
	}

	function is_wp_error( $thing ) {
		return $thing instanceof WP_Error;
	}

	function wp_remote_retrieve_response_code( $response ) {
		return $response['status'];
	}

	function wp_remote_retrieve_body( $response ) {
		return isset( $response['body'] ) ? $response['body'] : '';
	}

	function wp_remote_retrieve_header( $response, $name ) {
		return isset( $response[ $name ] ) ? $response[ $name ] : '';
	}

	function as_get_scheduled_actions() {
		return $GLOBALS['wordpress']['scheduled'];
	}

	function as_enqueue_async_action( $hook ) {
		$GLOBALS['wordpress']['scheduled'][] = array( $hook, 0 );
	}

	function as_schedule_single_action( $at, $hook ) {
		$GLOBALS['wordpress']['scheduled'][] = array( $hook, $at );
	}

	function as_unschedule_all_actions() {
		$GLOBALS['wordpress']['scheduled'] = array();
	}

	function add_action( $name, $what ) {
		$GLOBALS['wordpress']['heard'][ $name ] = $what;
	}

	function add_filter( $name, $what ) {
		add_action( $name, $what );
	}

	function apply_filters( $name, $value ) {
		$filters = $GLOBALS['wordpress']['filters'];
		return array_key_exists( $name, $filters ) ? $filters[ $name ] : $value;
	}

	function __( $text ) {
		$catalog = $GLOBALS['wordpress']['catalog'];
		return isset( $catalog[ $text ] ) ? $catalog[ $text ] : $text;
	}

	function home_url() {
		return 'https://shop.example/boutique';
	}

	function untrailingslashit( $text ) {
		return rtrim( $text, '/\\' );
	}

	function wp_parse_url( $url ) {
		return parse_url( $url );
	}

	function wp_json_encode( $value, $flags = 0 ) {
		return json_encode( $value, $flags );
	}

	function wp_unslash( $value ) {
		return $value;
	}

	function sanitize_text_field( $text ) {
		return trim( strip_tags( (string) $text ) );
	}

	function get_permalink() {
		return 'https://shop.example/boutique/kasse/';
	}

	function get_queried_object_id() {
		return 5;
	}

	function add_query_arg( $values, $url ) {
		$pairs = array();
		foreach ( $values as $name => $value ) {
			$pairs[] = "$name=$value";
		}
		return $pairs ? $url . '?' . implode( '&', $pairs ) : $url;
	}

	function wp_validate_redirect( $url, $default ) {
		return 'shop.example' === parse_url( $url, PHP_URL_HOST ) ? $url : $default;
	}

	function is_user_logged_in() {
		return $GLOBALS['wordpress']['signed_in'];
	}

	function is_order_received_page() {
		return false;
	}

	function is_checkout_pay_page() {
		return false;
	}

	function wc_get_order( $id ) {
		$orders = $GLOBALS['wordpress']['orders'];
		return isset( $orders[ $id ] ) ? $orders[ $id ] : false;
	}

	function wc_get_product( $id ) {
		$products = $GLOBALS['wordpress']['products'];
		return isset( $products[ $id ] ) ? $products[ $id ] : false;
	}

	function wc_add_notice( $text, $kind ) {
		$GLOBALS['wordpress']['notices'][] = $text;
	}

	function wc_get_notices() {
		return $GLOBALS['wordpress']['notices'];
	}

	function wc_set_notices( $notices ) {
		$GLOBALS['wordpress']['notices'] = $notices;
	}

	function wc_get_cart_url() {
		return 'https://shop.example/boutique/cart/';
	}

	function wc_get_checkout_url() {
		return 'https://shop.example/boutique/checkout/';
	}

	function wc_get_page_permalink( $page ) {
		return "https://shop.example/boutique/$page/";
	}

	function wc_format_coupon_code( $code ) {
		return strtolower( $code );
	}

	function esc_html__( $text ) {
		return $text;
	}

	function esc_attr( $text ) {
		return $text;
	}

	function esc_url( $text ) {
		return $text;
	}

	function wp_nonce_field() {
	}

	function determine_locale() {
		return $GLOBALS['wordpress']['locale'];
	}

	function wp_strip_all_tags( $text ) {
		return trim( strip_tags( $text ) );
	}

	function wp_get_attachment_image_url( $id ) {
		return $id ? "https://shop.example/$id.jpg" : false;
	}

	function wc_format_decimal( $sum, $decimals ) {
		return number_format( (float) $sum, $decimals, '.', '' );
	}

	function wc_get_price_decimals() {
		return 2;
	}

	function get_woocommerce_currency() {
		return 'AUD';
	}

	function WC() {
		return $GLOBALS['woocommerce'];
	}

	function did_action( $name ) {
		return in_array( $name, $GLOBALS['wordpress']['done'], true );
	}

	function maybe_unserialize( $value ) {
		return is_string( $value ) ? unserialize( $value ) : $value;
	}

	function wp_doing_ajax() {
		return $GLOBALS['wordpress']['ajax'];
	}

	function wp_send_json_error( $message ) {
		throw new DomainException( $message );
	}

	function get_transient( $name ) {
		return get_option( "_transient_$name" );
	}

	function set_transient( $name, $value, $seconds ) {
		return update_option( "_transient_$name", $value, $seconds );
	}

	function delete_transient( $name ) {
		return delete_option( "_transient_$name" );
	}

	function get_user_by( $field, $value ) {
		$users = $GLOBALS['wordpress']['users'];
		return isset( $users[ $value ] ) ? (object) array( 'ID' => $users[ $value ] ) : false;
	}

	function get_user_meta( $user, $name ) {
		$meta = $GLOBALS['wordpress']['user_meta'];
		return isset( $meta[ $name ] ) ? $meta[ $name ] : '';
	}

	function wc_get_orders() {
		return $GLOBALS['wordpress']['orders'];
	}

	function wc_price( $sum ) {
		return '<span>' . number_format( $sum, 2 ) . '&nbsp;&#36;</span>';
	}

	function number_format_i18n( $number ) {
		return number_format( $number );
	}

	function wp_date( $format, $at ) {
		return gmdate( 'Y-m-d H:i', $at );
	}

	function wp_kses_post( $html ) {
		return strip_tags( $html, '<p><strong>' );
	}

	function is_checkout() {
		return $GLOBALS['wordpress']['checkout'];
	}

	function is_singular() {
		return true;
	}

	function has_block( $name ) {
		return $name === $GLOBALS['wordpress']['block'];
	}

	function delete_user_meta() {
		return true;
	}

	function get_current_user_id() {
		return 1;
	}

	function get_bloginfo() {
		return 'Ruby &amp; Sons';
	}

	function wp_specialchars_decode( $text ) {
		return htmlspecialchars_decode( $text );
	}

	function esc_html( $text ) {
		return htmlspecialchars( $text, ENT_QUOTES );
	}

	function wc_get_logger() {
		return $GLOBALS['woocommerce']->logger;
	}

	class WP_Error {
		public $code;
		public $message;
		public $data;

		public function __construct( $code = '', $message = '', $data = array() ) {
			$this->code    = $code;
			$this->message = $message;
			$this->data    = $data;
		}

		public function get_error_message() {
			return $this->message;
		}

		public function get_error_code() {
			return $this->code;
		}
	}

	class WP_REST_Response {
		public $data;
		public $headers = array();

		public function __construct( $data ) {
			$this->data = $data;
		}

		public function header( $name, $value ) {
			$this->headers[ $name ] = $value;
		}
	}

	/** Takes every statement and knows nothing. */
	class Deaf_Database {
		public $prefix     = 'wp_';
		public $statements = array();

		public function prepare( $statement ) {
			return $statement;
		}

		public function query( $statement ) {
			$this->statements[] = $statement;
			return 0;
		}

		public function get_var( $statement ) {
			if ( false !== strpos( $statement, 'session_value' ) ) {
				return $GLOBALS['wordpress']['stored'];
			}
			return false !== strpos( $statement, 'GET_LOCK' ) ? $GLOBALS['wordpress']['lock'] : '0';
		}

		public function delete() {
			return 1;
		}

		public function esc_like( $text ) {
			return addcslashes( $text, '_%\\' );
		}

		/** One list of rows for each question, in turn. */
		public function get_results() {
			$rows = array_shift( $GLOBALS['wordpress']['results'] );
			return $rows ? $rows : array();
		}

		public function get_row() {
			return array_shift( $GLOBALS['wordpress']['rows'] );
		}
	}

	$GLOBALS['wpdb'] = new Deaf_Database();
	reset_wordpress();
}

namespace Warmcart {
	const VERSION = '0.2.0';

	spl_autoload_register(
		function ( $name ) {
			$short = strtolower( str_replace( '_', '-', substr( $name, strlen( 'Warmcart\\' ) ) ) );
			$path  = dirname( __DIR__, 2 ) . "/connectors/woocommerce/plugin/includes/class-$short.php";
			if ( 0 === strpos( $name, 'Warmcart\\' ) && is_readable( $path ) ) {
				require $path;
			}
		}
	);
}
