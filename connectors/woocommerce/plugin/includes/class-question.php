<?php
/**
 * What the plugin asks of the server, and waits for.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Signed as events are, under a name of their own. Only an administrator's page or tool asks; a shopper's never does.
 */
final class Question {

	const PATH    = '/questions';
	const SUMMARY = 'summary';
	const EXPORT  = 'export';
	const ERASE   = 'erase';
	const LOGIN   = 'login';
	const GOODBYE = 'goodbye';
	const AWAY    = 'warmcart_away';
	const REFUSED = 'warmcart_refused';

	/**
	 * Ask, and take the answer.
	 *
	 * @param string $kind    One of the constants.
	 * @param array  $told    What belongs to it.
	 * @param int    $seconds How long to wait.
	 * @return array|\WP_Error With the code AWAY where it may be asked again later.
	 */
	public static function ask( $kind, array $told = array(), $seconds = 10 ) {
		$connection = Options::connection();
		if ( ! $connection || Options::is_copy() ) {
			return new \WP_Error( self::REFUSED, __( 'The shop is not connected.', 'warmcart' ) );
		}
		$body     = self::body( $kind, $told );
		$response = self::post( $connection, $body, $seconds );
		if ( ! is_wp_error( $response ) && 401 === (int) wp_remote_retrieve_response_code( $response )
			&& Sender::set_clock( $connection, wp_remote_retrieve_header( $response, 'date' ) ) ) {
			$response = self::post( Options::connection(), $body, $seconds );
		}
		return self::read( $response );
	}

	/**
	 * A question as it is sent.
	 *
	 * @param string $kind One of the constants.
	 * @param array  $told What belongs to it.
	 * @return string
	 */
	public static function body( $kind, array $told ) {
		$who = array(
			'type' => $kind,
			'user' => get_current_user_id(),
		);
		return (string) wp_json_encode( array_merge( $told, $who ) );
	}

	/**
	 * Post it.
	 *
	 * @param array  $connection The connection.
	 * @param string $body       The question.
	 * @param int    $seconds    How long to wait.
	 * @return array|\WP_Error
	 */
	private static function post( array $connection, $body, $seconds ) {
		return wp_remote_post(
			$connection['deliveries'] . self::PATH,
			array(
				'timeout'     => $seconds,
				'redirection' => 0,
				'headers'     => Signature::headers( $connection['secret'], Signature::random( 16 ), Options::now(), $body, Signature::QUESTION ),
				'body'        => $body,
			)
		);
	}

	/**
	 * What an answer means. The server's own words are for its log, not for a page of the shop.
	 *
	 * @param array|\WP_Error $response Of the server.
	 * @return array|\WP_Error
	 */
	private static function read( $response ) {
		if ( is_wp_error( $response ) ) {
			/* translators: %s: a technical message. */
			return new \WP_Error( self::AWAY, sprintf( __( 'The server cannot be reached: %s', 'warmcart' ), $response->get_error_message() ) );
		}
		$status = (int) wp_remote_retrieve_response_code( $response );
		$answer = json_decode( wp_remote_retrieve_body( $response ), true );
		if ( 200 === $status && is_array( $answer ) ) {
			return $answer;
		}
		if ( 401 === $status || 404 === $status ) {
			return new \WP_Error( self::REFUSED, __( 'The server does not know this connection any more. Connect again.', 'warmcart' ) );
		}
		$code = 429 === $status || $status >= 500 ? self::AWAY : self::REFUSED;
		/* translators: %d: an HTTP status. */
		return new \WP_Error( $code, sprintf( __( 'The server answers with status %d.', 'warmcart' ), $status ) );
	}
}
