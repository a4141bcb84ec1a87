<?php
/**
 * What the checkout says to somebody who came by a link.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Above both checkouts: what could not be put back, why fields are filled, and a form that asks for the last digits
 * of the phone before it fills what was typed in another browser. It works without a script. It answers
 * the same whether a phone is known or not.
 */
final class Checkout_Note {

	const FIELD = 'warmcart_digits';
	const NONCE = 'warmcart_nonce';
	// WooCommerce gives each guest nonces of their own for actions with its own name only.
	const ACTION = 'woocommerce-warmcart-digits';

	/**
	 * What is remembered.
	 *
	 * @var Memory
	 */
	private $memory;

	/**
	 * Which browser came by which link.
	 *
	 * @var Openings
	 */
	private $openings;

	/**
	 * Needs the memory and the openings.
	 *
	 * @param Memory   $memory   What is remembered.
	 * @param Openings $openings Which browser came by which link.
	 */
	public function __construct( Memory $memory, Openings $openings ) {
		$this->memory   = $memory;
		$this->openings = $openings;
	}

	/**
	 * Into both checkouts.
	 */
	public function listen() {
		add_action( 'template_redirect', array( $this, 'keep_out_of_caches' ), 4 );
		add_action( 'template_redirect', array( $this, 'take' ), 5 );
		add_action( 'woocommerce_before_checkout_form', array( $this, 'show' ), 5 );
		add_filter( 'render_block_woocommerce/checkout', array( $this, 'prepend' ) );
	}

	/**
	 * WooCommerce keeps the checkout of its settings out of caches. A shop may have others, and what they say is for
	 * one visitor.
	 */
	public function keep_out_of_caches() {
		if ( Capture::at_checkout() ) {
			\WC_Cache_Helper::set_nocache_constants();
			nocache_headers();
		}
	}

	/**
	 * Block checkout.
	 *
	 * @param string $block What it shows.
	 * @return string
	 */
	public function prepend( $block ) {
		ob_start();
		$this->show();
		return ob_get_clean() . $block;
	}

	/**
	 * The note, if there is anything to say. What is said once is not said again.
	 */
	public function show() {
		if ( ! Capture::at_checkout() || is_order_received_page() || is_checkout_pay_page() || ! Capture::has_cart() ) {
			return;
		}
		Plugin::quietly(
			function () {
				$memory = $this->memory->find();
				if ( $memory && $memory['opened'] ) {
					$this->write( $memory['opened'], is_user_logged_in() );
				}
			}
		);
	}

	/**
	 * The note itself.
	 *
	 * @param array $opened    Of the memory.
	 * @param bool  $signed_in Whether the shopper is signed in.
	 */
	private function write( array $opened, $signed_in ) {
		$said = array_filter( array_map( array( self::class, 'sentence' ), $opened['said'] ) );
		if ( $opened['filled'] ) {
			$said[] = __( 'Your details are filled in because you typed them when you left this cart. You can change everything.', 'warmcart' );
		}
		$asks = ! $signed_in && ! $opened['own'] && ! $opened['proven'];
		if ( ! $said && ! $asks ) {
			return;
		}
		echo '<div class="warmcart-note woocommerce">';
		foreach ( $said as $sentence ) {
			echo '<div class="woocommerce-info" role="status">' . esc_html( $sentence ) . '</div>';
		}
		if ( $asks ) {
			self::form( self::error_of( $opened['said'] ) );
		}
		echo '</div>';
		if ( $opened['said'] ) {
			$this->openings->change( $opened['nonce'], array( 'said' => '' ) );
		}
	}

	/**
	 * What could not be done, in words.
	 *
	 * @param array $each kind, title, quantity.
	 * @return string Empty for what the form says.
	 */
	public static function sentence( array $each ) {
		switch ( $each['kind'] ) {
			case 'gone':
				/* translators: %s: name of a product. */
				return sprintf( __( '“%s” is not available any more and was left out.', 'warmcart' ), $each['title'] );
			case 'fewer':
				/* translators: 1: name of a product, 2: how many are in the cart. */
				return sprintf( __( 'There are not as many of “%1$s” as you wanted. In your cart: %2$s.', 'warmcart' ), $each['title'], $each['quantity'] );
			case 'code':
				return __( 'The discount code does not count any more. Your cart is here without it.', 'warmcart' );
		}
		return '';
	}

	/**
	 * What was wrong with the digits.
	 *
	 * @param array $said Of the opening.
	 * @return string
	 */
	private static function error_of( array $said ) {
		$kinds = array_column( $said, 'kind' );
		if ( in_array( 'wait', $kinds, true ) ) {
			return __( 'That was too often. Please try again in an hour, or type your details yourself.', 'warmcart' );
		}
		return in_array( 'wrong', $kinds, true ) ? __( 'These digits do not fit. Please look again, or type your details yourself.', 'warmcart' ) : '';
	}

	/**
	 * The form.
	 *
	 * @param string $error What was wrong; empty if nothing was.
	 */
	private static function form( $error ) {
		echo '<form method="post" class="warmcart-digits" action="' . esc_url( (string) get_permalink( get_queried_object_id() ) ) . '">';
		wp_nonce_field( self::ACTION, self::NONCE, false );
		echo '<p class="form-row form-row-wide"><label for="warmcart-digits">' . esc_html__( 'To fill in what you typed when you left this cart, type the last four digits of your phone number', 'warmcart' ) . '</label>';
		echo '<input type="text" class="input-text" id="warmcart-digits" name="' . esc_attr( self::FIELD ) . '" inputmode="numeric" autocomplete="off" maxlength="4" required style="width:6em;margin-right:0.5em"';
		echo '' === $error ? '>' : ' aria-invalid="true" aria-describedby="warmcart-digits-error">';
		echo ' <button type="submit" class="button wp-element-button">' . esc_html__( 'Fill in my details', 'warmcart' ) . '</button>';
		if ( '' !== $error ) {
			echo '<span id="warmcart-digits-error" role="alert" style="display:block">' . esc_html( $error ) . '</span>';
		}
		echo '</p></form>';
	}

	/**
	 * The form was sent. The page comes up again by a request of its own, so that loading it anew tries nothing.
	 */
	public function take() {
		if ( ! isset( $_POST[ self::FIELD ], $_POST[ self::NONCE ] ) || ! Capture::at_checkout() || ! Capture::has_cart() ) {
			return;
		}
		if ( wp_verify_nonce( sanitize_key( wp_unslash( $_POST[ self::NONCE ] ) ), self::ACTION ) ) {
			$given = sanitize_text_field( wp_unslash( $_POST[ self::FIELD ] ) );
			Plugin::quietly(
				function () use ( $given ) {
					$this->confirm( $given );
				}
			);
		}
		nocache_headers();
		wp_safe_redirect( (string) get_permalink( get_queried_object_id() ), 303, 'Warmcart' );
		exit;
	}

	/**
	 * Compare the digits, and fill the fields if they fit.
	 *
	 * @param string $given As typed.
	 */
	public function confirm( $given ) {
		$memory = $this->memory->find();
		if ( ! $memory || ! $memory['opened'] || $memory['opened']['own'] || $memory['opened']['proven'] || is_user_logged_in() ) {
			return;
		}
		$changes = array( 'said' => wp_json_encode( array( array( 'kind' => $this->try_digits( $memory['key'], $given ) ) ) ) );
		if ( '[{"kind":"fits"}]' === $changes['said'] ) {
			$filled  = Fields::fill( WC()->customer, Fields::typed( $this->memory->by_key( $memory['key'] ) ) );
			$changes = array(
				'said'   => '',
				'proven' => 1,
				'filled' => $filled ? 1 : 0,
			);
		}
		$this->openings->change( $memory['opened']['nonce'], $changes );
	}

	/**
	 * One try; whoever tries at the same time waits for it.
	 *
	 * @param string $key   Of the cart.
	 * @param string $given As typed.
	 * @return string fits, wrong, wait.
	 */
	private function try_digits( $key, $given ) {
		$result = 'wait';
		Lock::hold(
			'digits' . $key,
			5,
			function ( $alone ) use ( $key, $given, &$result ) {
				$cart  = $alone ? $this->memory->by_key( $key ) : null;
				$tries = $cart ? Digits::next_try( $cart['tries'], time() ) : null;
				if ( ! $tries ) {
					return;
				}
				$this->memory->write( $key, 'tries', $tries );
				$typed  = Fields::typed( $cart );
				$phone  = isset( $typed['billing']['phone'] ) ? $typed['billing']['phone'] : '';
				$result = Digits::fit( $phone, $given ) ? 'fits' : 'wrong';
			}
		);
		return $result;
	}
}
