<?php
/**
 * One event on its way to the server.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Signs and posts. Says what became of it: sent, again (try later), refused (never will be taken).
 */
class Sender {

	const SENT    = 'sent';
	const AGAIN   = 'again';
	const REFUSED = 'refused';

	/**
	 * What was wrong with the last try, for the settings page.
	 *
	 * @var string
	 */
	public $problem = '';

	/**
	 * Post one event, or an erasure that waits.
	 *
	 * @param object $event With subject, nonce and body.
	 * @return string One of the constants.
	 */
	public function send( $event ) {
		$connection = Options::connection();
		$erasure    = Outbox::is_erasure( $event );
		$domain     = $erasure ? Signature::QUESTION : '';
		$body       = Locale::plain( $event->body );
		$response   = wp_remote_post(
			$connection['deliveries'] . ( $erasure ? Question::PATH : '' ),
			array(
				'timeout'     => 5,
				'redirection' => 0,
				'headers'     => Signature::headers( $connection['secret'], $event->nonce, Options::now(), $body, $domain ),
				'body'        => $body,
			)
		);
		if ( is_wp_error( $response ) ) {
			$this->problem = $response->get_error_message();
			return self::AGAIN;
		}
		$status = (int) wp_remote_retrieve_response_code( $response );
		if ( 401 === $status && self::set_clock( $connection, wp_remote_retrieve_header( $response, 'date' ) ) ) {
			$this->problem = __( 'The clock of this shop is wrong. From now on the server\'s counts.', 'warmcart' );
			return self::AGAIN;
		}
		// An erasure whose answer was lost is answered by 409 when it is asked for again: it was done.
		return $erasure && 409 === $status ? self::SENT : $this->read( $status );
	}

	/**
	 * What an answer means. A firewall's 403 and a server that forgot us may pass; a body that it cannot
	 * read will not.
	 *
	 * @param int $status Of the answer.
	 * @return string One of the constants.
	 */
	private function read( $status ) {
		if ( $status >= 200 && $status < 300 ) {
			return self::SENT;
		}
		if ( 400 === $status || 413 === $status ) {
			/* translators: %d: an HTTP status. */
			$this->problem = sprintf( __( 'The server did not take an event (status %d). Is the plugin up to date?', 'warmcart' ), $status );
			return self::REFUSED;
		}
		$this->problem = in_array( $status, array( 401, 404 ), true )
			? __( 'The server does not know this connection any more. Connect again.', 'warmcart' )
			/* translators: %d: an HTTP status. */
			: sprintf( __( 'The server answers with status %d.', 'warmcart' ), $status );
		return self::AGAIN;
	}

	/**
	 * A shop's clock may be wrong: the server refuses what is signed minutes off, so its own clock counts.
	 *
	 * @param array  $connection The connection.
	 * @param string $date       Header "Date" of its answer.
	 * @return bool Whether it was wrong.
	 */
	public static function set_clock( array $connection, $date ) {
		$told = strtotime( (string) $date );
		if ( ! $told || abs( $told - time() - (int) $connection['offset'] ) <= 60 ) {
			return false;
		}
		$connection['offset'] = Connection::offset( $told );
		Options::keep_connection( $connection );
		return true;
	}
}
