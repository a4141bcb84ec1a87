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
 */
final class Consent_Box {

	const FIELD   = 'warmcart/sms_consent';
	const META    = '_wc_other/warmcart/sms_consent';
	const CLASSIC = 'warmcart_sms_consent';

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
		$settings = Options::settings();
		if ( '' !== $settings['wording'] ) {
			return $settings['wording'];
		}
		/* translators: %s: name of the shop. */
		return sprintf( __( 'Text me about my cart and offers. %s may send me automated marketing texts. Consent is not a condition of purchase. Message and data rates may apply. Reply STOP to end.', 'warmcart' ), wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ) );
	}

	/**
	 * What proves a tick: when, which words, from where.
	 *
	 * @param int $now Seconds since 1970.
	 * @return array
	 */
	public static function evidence( $now ) {
		$settings = Options::settings();
		$agent    = isset( $_SERVER['HTTP_USER_AGENT'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_USER_AGENT'] ) ) : '';
		$page     = isset( $_SERVER['HTTP_REFERER'] ) ? strtok( esc_url_raw( wp_unslash( $_SERVER['HTTP_REFERER'] ) ), '?' ) : '';
		return array(
			'given_at'        => gmdate( 'Y-m-d\TH:i:s\Z', $now ),
			'wording'         => self::wording(),
			'wording_version' => (string) $settings['wording_version'],
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
		$settings = Options::settings();
		woocommerce_register_additional_checkout_field(
			array(
				'id'            => self::FIELD,
				'label'         => self::wording(),
				'optionalLabel' => self::wording(),
				'location'      => 'order' === $settings['place'] ? 'order' : 'contact',
				'type'          => 'checkbox',
				'required'      => false,
			)
		);
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
			self::keep_words( $order );
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
			self::keep_words( $order );
		}
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
	 * @param \WC_Order $order Order.
	 */
	public static function keep_words( $order ) {
		$settings = Options::settings();
		$order->update_meta_data( self::META . '_wording', self::wording() );
		$order->update_meta_data( self::META . '_version', (string) $settings['wording_version'] );
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
