<?php
/**
 * Connecting this shop with a Warmcart server.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The shop makes a secret and tells it to the server over https. The server believes nobody: it asks the
 * shop at the address that it knows from the WooCommerce connection, and the shop answers with a proof that
 * it holds that very secret. The secret itself never goes to the shop's address. Connecting again makes a new one.
 */
final class Connection {

	const PATH    = '/install/woocommerce/plugin';
	const MINUTES = 5;
	const VERSION = 'warmcart_tell_version';

	/**
	 * Why a server's address cannot be used; empty if it can.
	 *
	 * @param string $server As typed.
	 * @return string
	 */
	public static function problem_of( $server ) {
		$parts = wp_parse_url( $server );
		$host  = isset( $parts['host'] ) ? $parts['host'] : '';
		if ( '' === $host || isset( $parts['user'] ) || isset( $parts['query'] ) ) {
			return __( 'Type the address of your Warmcart server, such as https://warmcart.example.com', 'warmcart' );
		}
		$local  = in_array( $host, array( 'localhost', '127.0.0.1' ), true );
		$scheme = isset( $parts['scheme'] ) ? $parts['scheme'] : '';
		if ( 'https' !== $scheme && ! ( $local && 'http' === $scheme ) ) {
			return __( 'The address of the server must begin with https://', 'warmcart' );
		}
		return '';
	}

	/**
	 * Connect, or replace the secret of a connection.
	 *
	 * @param string $server Address of the server, checked.
	 * @return string What went wrong; empty if nothing did.
	 */
	public static function connect( $server ) {
		$secret  = Signature::random( 32 );
		$attempt = array(
			'secret' => $secret,
			'until'  => time() + self::MINUTES * MINUTE_IN_SECONDS,
		);
		update_option( Options::ATTEMPT, $attempt, false );
		$answer = self::ask( $server, $secret );
		delete_option( Options::ATTEMPT );
		if ( is_string( $answer ) ) {
			return $answer;
		}
		Options::keep_connection(
			array(
				'id'         => $answer['id'],
				'secret'     => $secret,
				'deliveries' => $answer['deliveries'],
				'offset'     => self::offset( (int) $answer['time'] ),
			)
		);
		Options::change_state(
			array(
				'failures' => 0,
				'retry_at' => 0,
				'error'    => '',
			)
		);
		Summary::forget();
		Flush::soon();
		return '';
	}

	/**
	 * The plugin was updated: the server learns its version by another connection, outside anybody's request.
	 */
	public static function tell_version() {
		if ( Options::is_connected() && function_exists( 'as_enqueue_async_action' ) ) {
			as_enqueue_async_action( self::VERSION, array(), Flush::GROUP );
		}
	}

	/**
	 * Connect again; an hour later once more where the server is away.
	 */
	public static function connect_again() {
		$settings = Options::settings();
		if ( Options::is_connected() && '' !== self::connect( $settings['server'] ) ) {
			as_schedule_single_action( time() + HOUR_IN_SECONDS, self::VERSION, array(), Flush::GROUP );
		}
	}

	/**
	 * How many seconds our clock is behind; a few are the way of the answer.
	 *
	 * @param int $told By the server, seconds since 1970.
	 * @return int
	 */
	public static function offset( $told ) {
		$seconds = $told - time();
		return abs( $seconds ) < 10 ? 0 : $seconds;
	}

	/**
	 * Tell the server that the secret is over, if it can be reached; forget the connection, what waits to be sent,
	 * and what was remembered of carts.
	 */
	public static function disconnect() {
		Question::ask( Question::GOODBYE, array(), 3 );
		Summary::forget();
		Options::keep_connection( array() );
		( new Outbox() )->clear();
		( new Memory() )->clear();
		Flush::unschedule();
	}

	/**
	 * Tell the server the secret, and take its answer.
	 *
	 * @param string $server Address.
	 * @param string $secret New secret.
	 * @return array|string The answer, or what went wrong.
	 */
	private static function ask( $server, $secret ) {
		$told     = array(
			'url'     => home_url(),
			'secret'  => $secret,
			'version' => VERSION,
		);
		$response = wp_remote_post(
			untrailingslashit( $server ) . self::PATH,
			array(
				'timeout'     => 20,
				'redirection' => 0,
				'headers'     => array( 'Content-Type' => 'application/json' ),
				'body'        => wp_json_encode( $told ),
			)
		);
		if ( is_wp_error( $response ) ) {
			/* translators: %s: a technical message. */
			return sprintf( __( 'The server cannot be reached: %s', 'warmcart' ), $response->get_error_message() );
		}
		$answer = json_decode( wp_remote_retrieve_body( $response ), true );
		if ( 200 !== wp_remote_retrieve_response_code( $response ) || empty( $answer['deliveries'] ) || empty( $answer['id'] ) || empty( $answer['time'] ) ) {
			return isset( $answer['error'] ) && is_string( $answer['error'] )
				? $answer['error']
				: __( 'No Warmcart server answers at this address.', 'warmcart' );
		}
		return $answer;
	}

	/**
	 * Where the server asks back: POST /wp-json/warmcart/v1/connection.
	 */
	public static function register_route() {
		register_rest_route(
			'warmcart/v1',
			'/connection',
			array(
				'methods'             => 'POST',
				'callback'            => array( self::class, 'prove' ),
				'permission_callback' => '__return_true',
				'args'                => array(
					'challenge' => array(
						'required'          => true,
						'type'              => 'string',
						'validate_callback' => function ( $value ) {
							return is_string( $value ) && 1 === preg_match( '/^[A-Za-z0-9_-]{20,128}$/', $value );
						},
					),
				),
			)
		);
	}

	/**
	 * Open to everybody and of no use to anybody but the server that was told the secret.
	 *
	 * @param \WP_REST_Request $request With a challenge.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public static function prove( $request ) {
		$attempt = get_option( Options::ATTEMPT );
		if ( ! is_array( $attempt ) || $attempt['until'] < time() ) {
			return new \WP_Error( 'warmcart_no_attempt', __( 'Nobody is connecting this shop right now.', 'warmcart' ), array( 'status' => 404 ) );
		}
		$response = new \WP_REST_Response( array( 'proof' => Signature::proof( $attempt['secret'], $request['challenge'] ) ) );
		$response->header( 'Cache-Control', 'no-store' );
		return $response;
	}
}
