<?php
/**
 * How events and proofs are signed.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * HMAC-SHA256 in hex, over the time, a number used once and the raw body.
 */
final class Signature {

	const PROOF    = 'warmcart-connection.';
	const RESTORE  = 'warmcart-restore.';
	const QUESTION = 'warmcart-question.';

	/**
	 * The headers of one delivery. Signed when it is sent, so an event that waited is as good as a fresh one.
	 *
	 * @param string $secret    The connection's secret.
	 * @param string $nonce     The event's own id: sent again it stays the same, and counts once.
	 * @param int    $timestamp Seconds since 1970, by the server's clock.
	 * @param string $body      The raw body.
	 * @param string $domain    Stands before what is signed: empty for an event, QUESTION for a question.
	 * @return array
	 */
	public static function headers( $secret, $nonce, $timestamp, $body, $domain = '' ) {
		return array(
			'Content-Type'         => 'application/json',
			'X-Warmcart-Timestamp' => (string) $timestamp,
			'X-Warmcart-Nonce'     => $nonce,
			'X-Warmcart-Signature' => hash_hmac( 'sha256', "$domain$timestamp.$nonce.$body", $secret ),
		);
	}

	/**
	 * The answer to the server's question whether this shop made the secret. Signs no event, whatever is asked.
	 *
	 * @param string $secret    The secret of the attempt to connect.
	 * @param string $challenge What the server made up.
	 * @return string
	 */
	public static function proof( $secret, $challenge ) {
		return hash_hmac( 'sha256', self::PROOF . $challenge, $secret );
	}

	/**
	 * The signature of a link that leads back to a cart. It fits no event and no proof.
	 *
	 * @param string $secret  The connection's secret.
	 * @param string $content Of the ticket.
	 * @return string
	 */
	public static function restore( $secret, $content ) {
		return hash_hmac( 'sha256', self::RESTORE . $content, $secret );
	}

	/**
	 * A new secret or id: hex of so many random bytes.
	 *
	 * @param int $bytes How many.
	 * @return string
	 */
	public static function random( $bytes ) {
		return bin2hex( random_bytes( $bytes ) );
	}
}
