<?php
/**
 * What the script in the checkout tells.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The script, and the address it calls: the shop's own ?wc-ajax=warmcart_capture. There is no nonce, which a
 * cached page would hold too long: a call changes nothing but what we remember of the caller's own cart,
 * and must come from a page of the shop.
 */
final class Beacon {

	const ACTION        = 'warmcart_capture';
	const LONGEST       = 4000;
	const MOST_PER_HOUR = 120;
	const WORDS         = '/^[^\x00-\x1f]{0,120}$/u';
	const FORMS         = array(
		'phone'      => '/^[^\x00-\x1f]{0,40}$/u',
		'email'      => '/^[^\x00-\x1f\s]{0,254}$/u',
		'country'    => '/^[A-Z]{2}$/',
		'locale'     => Locale::FORM,
		'first_name' => self::WORDS,
		'last_name'  => self::WORDS,
		'address_1'  => self::WORDS,
		'address_2'  => self::WORDS,
		'city'       => self::WORDS,
		'state'      => self::WORDS,
		'postcode'   => self::WORDS,
	);

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
	 * On checkout pages, and at our address.
	 */
	public function listen() {
		add_action( 'wp_enqueue_scripts', array( $this, 'enqueue' ) );
		add_action( 'wc_ajax_' . self::ACTION, array( $this, 'take' ) );
	}

	/**
	 * The script waits until the page is there, and holds nothing up.
	 */
	public function enqueue() {
		if ( ! Capture::at_checkout() || is_order_received_page() ) {
			return;
		}
		$how = array(
			'strategy'  => 'defer',
			'in_footer' => true,
		);
		wp_enqueue_script( 'warmcart-capture', plugins_url( 'assets/capture.js', FILE ), array(), VERSION, $how );
		$told = array(
			'url'    => \WC_AJAX::get_endpoint( self::ACTION ),
			'locale' => Locale::current(),
		);
		wp_add_inline_script( 'warmcart-capture', 'window.warmcart=' . wp_json_encode( $told ) . ';', 'before' );
	}

	/**
	 * Note what was typed. The answer is empty, whatever comes of it: nobody waits for it.
	 */
	public function take() {
		status_header( 204 );
		if ( ! self::is_from_here( $_SERVER, home_url() ) || ! Capture::has_cart() || WC()->cart->is_empty() ) {
			exit;
		}
		$told = json_decode( (string) file_get_contents( 'php://input', false, null, 0, self::LONGEST ), true );
		if ( is_array( $told ) ) {
			Plugin::quietly(
				function () use ( $told ) {
					$this->note( $this->memory->get(), $told );
				}
			);
		}
		exit;
	}

	/**
	 * Remember what was told; the end of this request tells it on.
	 *
	 * @param array $memory Of the cart.
	 * @param array $told   By the script.
	 */
	private function note( array $memory, array $told ) {
		$typed = self::read( $memory['typed'], $told, (int) floor( time() / HOUR_IN_SECONDS ) );
		$this->memory->write( $memory['key'], 'typed', $typed );
		if ( $typed['calls'] > self::MOST_PER_HOUR ) {
			return;
		}
		if ( isset( $told['box'] ) && is_bool( $told['box'] ) && ! empty( $memory['box'] ) !== $told['box'] ) {
			$this->memory->write( $memory['key'], 'box', $told['box'] ? Consent_Box::evidence( Options::now(), $memory ) : array() );
		}
		// After the session is saved; where PHP can end the answer first, the event goes out at once.
		add_action( 'shutdown', array( self::class, 'send' ), 1000 );
	}

	/**
	 * Send without waiting for the queue. Never before the answer has gone out.
	 */
	public static function send() {
		$finish = function_exists( 'fastcgi_finish_request' ) ? 'fastcgi_finish_request' : 'litespeed_finish_request';
		if ( function_exists( $finish ) && $finish() ) {
			Flush::run();
		}
	}

	/**
	 * Whether a call comes from a page of this shop. Browsers say so with every such call.
	 *
	 * @param array  $server As PHP has it.
	 * @param string $home   Address of the shop.
	 */
	public static function is_from_here( array $server, $home ) {
		$site   = isset( $server['HTTP_SEC_FETCH_SITE'] ) ? $server['HTTP_SEC_FETCH_SITE'] : 'same-origin';
		$origin = isset( $server['HTTP_ORIGIN'] ) ? $server['HTTP_ORIGIN'] : '';
		$post   = isset( $server['REQUEST_METHOD'] ) && 'POST' === $server['REQUEST_METHOD'];
		return $post && 'same-origin' === $site && '' !== $origin && self::origin( $origin ) === self::origin( $home );
	}

	/**
	 * Host and port of an address. Behind a proxy the scheme may be told wrong.
	 *
	 * @param string $url Address.
	 */
	private static function origin( $url ) {
		$parts = wp_parse_url( $url );
		return is_array( $parts ) && isset( $parts['host'] ) ? $parts['host'] . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' ) : null;
	}

	/**
	 * What was typed so far, and how often the script called in this hour: a shopper types a few times, a
	 * program without end. What has no sense is left out.
	 *
	 * @param array $typed As remembered: the fields, locale, hour, calls.
	 * @param array $told  By the script.
	 * @param int   $hour  Hours since 1970.
	 * @return array
	 */
	public static function read( array $typed, array $told, $hour ) {
		$same           = isset( $typed['hour'] ) && $typed['hour'] === $hour;
		$typed['calls'] = $same ? $typed['calls'] + 1 : 1;
		$typed['hour']  = $hour;
		if ( $typed['calls'] > self::MOST_PER_HOUR ) {
			return $typed;
		}
		foreach ( self::FORMS as $name => $form ) {
			$value = isset( $told[ $name ] ) && is_string( $told[ $name ] ) ? trim( $told[ $name ] ) : null;
			if ( null !== $value && preg_match( $form, $value ) ) {
				$typed[ $name ] = $value;
			}
		}
		return $typed;
	}
}
