<?php
/**
 * The signed parameter of a link that leads back to a cart.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * "content.signature": the content is JSON in base64url with cart, until, nonce, cid and code. Good for one cart of
 * this shop, once, until its end; whatever is not, is nothing at all, and nobody learns why.
 */
final class Ticket {

	const PARAMETER = 'warmcart';
	const FORM      = '/^([A-Za-z0-9_-]{1,1500})\.([0-9a-f]{64})$/D';
	const FORMS     = array(
		'cart'  => '/^[0-9a-f]{32}$/D',
		'nonce' => '/^[0-9a-f]{32}$/D',
		'cid'   => '/^[0-9A-Za-z]{0,64}$/D',
	);

	/**
	 * What a sound ticket says.
	 *
	 * @param mixed  $given  The parameter.
	 * @param string $secret The connection's secret.
	 * @param int    $now    By the server's clock, seconds since 1970.
	 * @return array|null With cart, until, nonce, cid, code.
	 */
	public static function read( $given, $secret, $now ) {
		if ( ! is_string( $given ) || '' === (string) $secret || ! preg_match( self::FORM, $given, $parts ) ) {
			return null;
		}
		if ( ! hash_equals( Signature::restore( $secret, $parts[1] ), $parts[2] ) ) {
			return null;
		}
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_decode -- JSON, as the server wrote it.
		$told = json_decode( (string) base64_decode( strtr( $parts[1], '-_', '+/' ) ), true );
		return is_array( $told ) && self::is_whole( $told ) && $told['until'] > $now ? $told : null;
	}

	/**
	 * Whether all is there, in the form that it must have.
	 *
	 * @param array $told Content.
	 */
	private static function is_whole( array $told ) {
		foreach ( self::FORMS as $name => $form ) {
			if ( ! isset( $told[ $name ] ) || ! is_string( $told[ $name ] ) || ! preg_match( $form, $told[ $name ] ) ) {
				return false;
			}
		}
		$code = isset( $told['code'] ) ? $told['code'] : null;
		return isset( $told['until'] ) && is_int( $told['until'] ) && ( null === $code || is_string( $code ) );
	}
}
