<?php
/**
 * A visit by a signed link.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Puts the left cart together in the visitor's session, which goes on with it as the same cart, and leads to the
 * checkout. Nobody is signed in, and nothing that somebody typed is shown for the link alone. What is no sound
 * link changes nothing. A link to a cart that is not remembered any more is left to WooCommerce, which finds the
 * goods in the rest of it.
 */
final class Restore {

	const AHEAD = array( 'HTTP_SEC_PURPOSE', 'HTTP_PURPOSE', 'HTTP_X_PURPOSE', 'HTTP_X_MOZ' );

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
	 * Who tells the cart.
	 *
	 * @var Capture
	 */
	private $capture;

	/**
	 * Who puts goods back.
	 *
	 * @var Snapshot
	 */
	private $snapshot;

	/**
	 * Needs the memory, the openings, who tells the cart, and who puts goods back.
	 *
	 * @param Memory   $memory   What is remembered.
	 * @param Openings $openings Which browser came by which link.
	 * @param Capture  $capture  Who tells the cart.
	 * @param Snapshot $snapshot Who puts goods back.
	 */
	public function __construct( Memory $memory, Openings $openings, Capture $capture, Snapshot $snapshot ) {
		$this->memory   = $memory;
		$this->openings = $openings;
		$this->capture  = $capture;
		$this->snapshot = $snapshot;
	}

	/**
	 * After WooCommerce has loaded the cart at 10, before it looks for goods in the address at 20.
	 */
	public function listen() {
		add_action( 'wp_loaded', array( $this, 'visit' ), 15 );
	}

	/**
	 * A request with a ticket. Who only looks ahead gets no cart and uses nothing up: a browser that is told 503 asks
	 * again when its owner really comes.
	 */
	public function visit() {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended, WordPress.Security.ValidatedSanitizedInput -- signed; Ticket takes nothing that is not.
		$given  = isset( $_GET[ Ticket::PARAMETER ] ) ? $_GET[ Ticket::PARAMETER ] : null;
		$status = null === $given ? null : self::status_for( $_SERVER );
		if ( null === $status || ! WC()->cart || ! WC()->session ) {
			return;
		}
		\WC_Cache_Helper::set_nocache_constants();
		nocache_headers();
		// WordPress before 6.8 lets a guest's answer be stored.
		header( 'Cache-Control: no-store, private, no-cache, must-revalidate, max-age=0' );
		header( 'Referrer-Policy: no-referrer' );
		header( 'X-Robots-Tag: noindex, nofollow' );
		if ( $status ) {
			status_header( $status );
			exit;
		}
		$target = null;
		Plugin::quietly(
			function () use ( $given, &$target ) {
				$connection = Options::connection();
				$secret     = isset( $connection['secret'] ) ? $connection['secret'] : '';
				$target     = $this->follow( Ticket::read( $given, $secret, Options::now() ) );
			}
		);
		if ( null !== $target ) {
			wp_safe_redirect( $target, 302, 'Warmcart' );
			exit;
		}
	}

	/**
	 * The answer to a request that is no visit; 0 for a visit, null for what is none of our business: a form on the page
	 * to which a link led is sent to the same address.
	 *
	 * @param array $server As PHP has it.
	 * @return int|null
	 */
	public static function status_for( array $server ) {
		foreach ( self::AHEAD as $name ) {
			if ( isset( $server[ $name ] ) && preg_match( '/prefetch|prerender|preview/i', (string) $server[ $name ] ) ) {
				return 503;
			}
		}
		$method = isset( $server['REQUEST_METHOD'] ) ? $server['REQUEST_METHOD'] : '';
		if ( 'HEAD' === $method ) {
			return 200;
		}
		return 'GET' === $method ? 0 : null;
	}

	/**
	 * Where the visit goes on; null leaves it to WooCommerce.
	 *
	 * @param array|null $ticket As read.
	 * @return string|null
	 */
	public function follow( $ticket ) {
		$cart = $ticket ? $this->memory->by_key( $ticket['cart'] ) : null;
		if ( $ticket && ! $cart ) {
			return null;
		}
		if ( $cart && $cart['order_id'] && ( empty( $cart['goods']['lines'] ) || Orders::is_bought( wc_get_order( $cart['order_id'] ) ) ) ) {
			return self::say( __( 'You have bought this cart already. Thank you.', 'warmcart' ), wc_get_page_permalink( 'shop' ) );
		}
		if ( $ticket && empty( $cart['goods']['lines'] ) ) {
			return null;
		}
		$mine   = $this->memory->find();
		$opened = Openings::USED;
		if ( $ticket ) {
			// A guest without a cart has no session yet, and what follows is the session's.
			WC()->session->set_customer_session_cookie( true );
			$opened = $this->openings->open( $ticket, Memory::owner() );
		}
		if ( Openings::USED === $opened ) {
			return self::say( __( 'This link was used already or is too old. Please tap the one in your text message again.', 'warmcart' ), wc_get_cart_url() );
		}
		if ( Openings::FRESH === $opened ) {
			$this->take_over( $ticket, $cart, $mine );
		}
		return WC()->cart->is_empty() ? wc_get_cart_url() : self::checkout( $cart, $ticket['cid'], $_GET ); // phpcs:ignore WordPress.Security.NonceVerification.Recommended
	}

	/**
	 * A word on the page to which the visit leads. A guest without a cart has no session yet that would keep it.
	 *
	 * @param string $text   Words.
	 * @param string $target Address.
	 * @return string The address.
	 */
	private static function say( $text, $target ) {
		WC()->session->set_customer_session_cookie( true );
		wc_add_notice( $text, 'notice' );
		return $target;
	}

	/**
	 * The session goes on with the left cart. What lay in it stays; it is told with that cart from now on.
	 *
	 * @param array      $ticket As read.
	 * @param array      $cart   That was left.
	 * @param array|null $mine   What was remembered of this session's cart before.
	 */
	private function take_over( array $ticket, array $cart, $mine ) {
		if ( $mine && $mine['key'] !== $cart['key'] ) {
			$this->leave( $mine, $ticket['nonce'] );
		}
		if ( $cart['order_id'] ) {
			// The order was never paid: it is a cart again.
			$this->memory->write( $cart['key'], 'order_id', 0 );
			$this->memory->write( $cart['key'], 'page', array_diff_key( $cart['page'], array( 'over' => 0 ) ) );
		}
		$before = wc_get_notices();
		$said   = $this->snapshot->put_back( $cart['goods']['lines'] );
		if ( ! self::apply( $cart['goods']['coupons'], $ticket['code'] ) ) {
			$said[] = array( 'kind' => 'code' );
		}
		WC()->cart->calculate_totals();
		// What WooCommerce says of goods and codes was asked by us and not by the shopper.
		wc_set_notices( $before );
		if ( WC()->cart->is_empty() ) {
			wc_add_notice( __( 'Nothing of this cart can be bought any more. We are sorry.', 'warmcart' ), 'notice' );
		}
		$changes = array( 'said' => wp_json_encode( $said ) );
		if ( $this->fill( $cart ) ) {
			$changes['filled'] = 1;
		}
		$this->openings->change( $ticket['nonce'], $changes );
	}

	/**
	 * What this session had before is one with the left cart now.
	 *
	 * @param array  $mine  As remembered.
	 * @param string $nonce Of the link.
	 */
	private function leave( array $mine, $nonce ) {
		if ( ! $mine['order_id'] && ! empty( $mine['page']['print'] ) ) {
			$this->capture->tell_emptied( $mine );
		}
		$this->openings->change(
			$nonce,
			array(
				'typed' => wp_json_encode( $mine['typed'] ),
				'box'   => $mine['box'] ? wp_json_encode( $mine['box'] ) : null,
			)
		);
	}

	/**
	 * The shopper's own codes, then ours; one that lies in the cart already is left alone.
	 *
	 * @param array       $coupons Codes of the left cart.
	 * @param string|null $code    Of the link.
	 * @return bool Whether ours counts now, or there is none.
	 */
	private static function apply( array $coupons, $code ) {
		foreach ( array_filter( array_merge( $coupons, array( (string) $code ) ) ) as $each ) {
			$each = wc_format_coupon_code( $each );
			if ( ! WC()->cart->is_empty() && ! WC()->cart->has_discount( $each ) ) {
				WC()->cart->apply_coupon( $each );
			}
		}
		return ! $code || WC()->cart->is_empty() || WC()->cart->has_discount( wc_format_coupon_code( $code ) );
	}

	/**
	 * In the session in which they were typed the fields are filled at once. Not for a customer who is signed in.
	 *
	 * @param array $cart That was left.
	 * @return bool Whether anything was filled.
	 */
	private function fill( array $cart ) {
		$memory = $this->memory->find();
		if ( is_user_logged_in() || ! $memory || ! $memory['opened'] || ! ( $memory['opened']['own'] || $memory['opened']['proven'] ) ) {
			return false;
		}
		return Fields::fill( WC()->customer, Fields::typed( $cart ) );
	}

	/**
	 * The checkout on which the cart was left, with what statistics look for and without the ticket.
	 *
	 * @param array  $cart  That was left.
	 * @param string $cid   Token of the link.
	 * @param array  $query Of the request.
	 * @return string
	 */
	public static function checkout( array $cart, $cid, array $query ) {
		$where = isset( $cart['page']['where'] ) ? wp_validate_redirect( $cart['page']['where'], '' ) : '';
		$kept  = array();
		foreach ( wp_unslash( $query ) as $name => $value ) {
			if ( is_string( $value ) && preg_match( '/^utm_[a-z_]{1,20}$/D', (string) $name ) ) {
				$kept[ $name ] = rawurlencode( substr( sanitize_text_field( $value ), 0, 100 ) );
			}
		}
		return add_query_arg( $kept + array( 'cid' => $cid ), '' === $where ? wc_get_checkout_url() : $where );
	}
}
