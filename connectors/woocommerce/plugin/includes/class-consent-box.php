<?php
/**
 * The shop's own box for consent to texts.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * In the block checkout an additional field (WooCommerce 8.9 and later), in the classic one a form field.
 * Never ticked before the shopper ticks it, and never needed to buy. An order keeps the tick in the meta in
 * which WooCommerce keeps additional fields, the words and their version beside it.
 *
 * The proof of a tick names the words that stood on the page. Plugins that translate shops may give the requests of
 * a page's scripts another language than the page, so the cart remembers the words of the page.
 */
final class Consent_Box {

	const FIELD   = 'warmcart/sms_consent';
	const META    = '_wc_other/warmcart/sms_consent';
	const CLASSIC = 'warmcart_sms_consent';
	const UNDO    = '__internal_woocommerce_blocks_deregister_checkout_field';

	/**
	 * The words that the block checkout has in this request.
	 *
	 * @var array|null
	 */
	private static $registered = null;

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
	 * Into both checkouts.
	 */
	public function listen() {
		$settings = Options::settings();
		if ( ! $settings['box'] ) {
			return;
		}
		add_action( 'woocommerce_init', array( $this, 'register' ), 20 );
		add_action( 'template_redirect', array( $this, 'register_again' ) );
		if ( 'order' === $settings['place'] ) {
			add_action( 'woocommerce_review_order_before_submit', array( $this, 'show' ) );
		} else {
			add_filter( 'woocommerce_checkout_fields', array( $this, 'add' ) );
		}
		add_action( 'woocommerce_checkout_create_order', array( $this, 'note_classic' ), 10, 2 );
		add_action( 'woocommerce_store_api_checkout_update_order_from_request', array( $this, 'note_block' ), 10, 2 );
		add_action( 'template_redirect', array( $this, 'untick' ) );
	}

	/**
	 * The words beside the box: the merchant's, or ours in the language of the page.
	 *
	 * @return string
	 */
	public static function wording() {
		return self::words()['wording'];
	}

	/**
	 * The words and their version: the number of the merchant's, or a digest of ours, for each translation is a wording
	 * of its own.
	 *
	 * @return array With wording and wording_version.
	 */
	public static function words() {
		$settings = Options::settings();
		if ( '' !== $settings['wording'] ) {
			return array(
				'wording'         => $settings['wording'],
				'wording_version' => (string) $settings['wording_version'],
			);
		}
		/* translators: %s: name of the shop. */
		$ours = Locale::plain( __( 'Text me about my cart and offers. %s may send me automated marketing texts. Message frequency varies. Message and data rates may apply. Consent is not a condition of purchase. Reply HELP for help. Reply STOP to end.', 'warmcart' ) );
		return array(
			'wording'         => sprintf( $ours, wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ) ),
			'wording_version' => 'own-' . substr( hash( 'sha256', $ours ), 0, 8 ),
		);
	}

	/**
	 * The words that this page shows. WooCommerce takes those of the block checkout before some shops know the language.
	 *
	 * @return array With wording and wording_version.
	 */
	public static function on_page() {
		return self::$registered && ! did_action( 'woocommerce_before_checkout_form' ) ? self::$registered : self::words();
	}

	/**
	 * The words on the checkout that the shopper saw last; those of this request where no page was noted.
	 *
	 * @param array|null $memory Of the cart.
	 * @return array With wording and wording_version.
	 */
	private static function shown( $memory ) {
		return isset( $memory['page']['words'] ) ? $memory['page']['words'] : self::words();
	}

	/**
	 * What proves a tick: when, which words, from where.
	 *
	 * @param int   $now    Seconds since 1970.
	 * @param array $memory Of the cart.
	 * @return array
	 */
	public static function evidence( $now, array $memory ) {
		$words = self::shown( $memory );
		$agent = isset( $_SERVER['HTTP_USER_AGENT'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_USER_AGENT'] ) ) : '';
		$page  = isset( $_SERVER['HTTP_REFERER'] ) ? strtok( esc_url_raw( wp_unslash( $_SERVER['HTTP_REFERER'] ) ), '?' ) : '';
		return array(
			'given_at'        => gmdate( 'Y-m-d\TH:i:s\Z', $now ),
			'wording'         => $words['wording'],
			'wording_version' => $words['wording_version'],
			'ip'              => \WC_Geolocation::get_ip_address(),
			'user_agent'      => substr( $agent, 0, 500 ),
			'page_url'        => substr( (string) $page, 0, 500 ),
		);
	}

	/**
	 * Block checkout.
	 */
	public function register() {
		if ( ! function_exists( 'woocommerce_register_additional_checkout_field' ) ) {
			return;
		}
		$settings         = Options::settings();
		self::$registered = self::words();
		woocommerce_register_additional_checkout_field(
			array(
				'id'            => self::FIELD,
				'label'         => self::$registered['wording'],
				'optionalLabel' => self::$registered['wording'],
				'location'      => 'order' === $settings['place'] ? 'order' : 'contact',
				'type'          => 'checkbox',
				'required'      => false,
			)
		);
	}

	/**
	 * Where the language of a page is known only once its content is, the block checkout would have that of the shop.
	 */
	public function register_again() {
		if ( self::$registered && self::$registered !== self::words() && function_exists( self::UNDO ) ) {
			call_user_func( self::UNDO, self::FIELD );
			$this->register();
		}
	}

	/**
	 * Classic checkout, beside the phone.
	 *
	 * @param array $fields Of the form.
	 * @return array
	 */
	public function add( $fields ) {
		$phone = isset( $fields['billing']['billing_phone']['priority'] ) ? (int) $fields['billing']['billing_phone']['priority'] : 100;

		$fields['billing'][ self::CLASSIC ] = self::field( $phone + 1 );
		return $fields;
	}

	/**
	 * Classic checkout, above the button. WooCommerce renews that part of the page; a tick made before stays.
	 */
	public function show() {
		$form = array();
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- WooCommerce has checked it.
		if ( isset( $_POST['post_data'] ) ) {
			// phpcs:ignore WordPress.Security.NonceVerification.Missing, WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- only whether a box is ticked is read.
			wp_parse_str( wp_unslash( $_POST['post_data'] ), $form );
		}
		woocommerce_form_field( self::CLASSIC, self::field( 0 ), empty( $form[ self::CLASSIC ] ) ? 0 : 1 );
	}

	/**
	 * An order of the classic checkout.
	 *
	 * @param \WC_Order $order Order, before it is saved.
	 * @param array     $data  The form.
	 */
	public function note_classic( $order, $data ) {
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- WooCommerce has checked it.
		$ticked = ! empty( $data[ self::CLASSIC ] ) || ! empty( $_POST[ self::CLASSIC ] );
		if ( $ticked ) {
			$order->update_meta_data( self::META, '1' );
			$this->keep_shown( $order );
		}
	}

	/**
	 * An order of the block checkout; WooCommerce keeps the tick itself.
	 *
	 * @param \WC_Order        $order   Order, before it is saved.
	 * @param \WP_REST_Request $request What was sent.
	 */
	public function note_block( $order, $request ) {
		$fields = $request['additional_fields'];
		if ( is_array( $fields ) && ! empty( $fields[ self::FIELD ] ) ) {
			$this->keep_shown( $order );
		}
	}

	/**
	 * An order must not fail because the cart cannot be read; it keeps the words of this request then.
	 *
	 * @param \WC_Order $order Order.
	 */
	private function keep_shown( $order ) {
		$memory = null;
		Plugin::quietly(
			function () use ( &$memory ) {
				$memory = $this->memory->find();
			}
		);
		self::keep_words( $order, $memory );
	}

	/**
	 * WooCommerce remembers additional fields with the customer and ticks the box at the next order by itself.
	 * Only a tick that was made for this very cart may be there when the page comes up again.
	 */
	public function untick() {
		if ( ! Capture::at_checkout() || ! Capture::has_cart() ) {
			return;
		}
		Plugin::quietly(
			function () {
				$memory = $this->memory->find();
				if ( empty( $memory['box'] ) && WC()->customer ) {
					WC()->customer->delete_meta_data( self::META );
					delete_user_meta( get_current_user_id(), self::META );
				}
			}
		);
	}

	/**
	 * The words beside the tick.
	 *
	 * @param \WC_Order  $order  Order.
	 * @param array|null $memory Of the cart.
	 */
	public static function keep_words( $order, $memory ) {
		$words = self::shown( $memory );
		$order->update_meta_data( self::META . '_wording', $words['wording'] );
		$order->update_meta_data( self::META . '_version', $words['wording_version'] );
	}

	/**
	 * The box as a form field.
	 *
	 * @param int $priority Where in the form.
	 * @return array
	 */
	private static function field( $priority ) {
		return array(
			'type'     => 'checkbox',
			'label'    => esc_html( self::wording() ),
			'required' => false,
			'default'  => 0,
			'class'    => array( 'form-row-wide' ),
			'priority' => $priority,
		);
	}
}
