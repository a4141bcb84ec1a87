<?php
/**
 * The last four digits of a phone, as a proof.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Decides whether they fit, and how often somebody may try: five times until an hour has passed without a try, and
 * twenty times in all. The count is the cart's, whatever browser tries.
 */
final class Digits {

	const MANY     = 4;
	const PER_HOUR = 5;
	const EVER     = 20;

	/**
	 * Whether somebody may try once more.
	 *
	 * @param array $tries As remembered: lately, at, ever.
	 * @param int   $now   Seconds since 1970.
	 * @return array|null What is to be remembered; null if not.
	 */
	public static function next_try( array $tries, $now ) {
		$tries += array(
			'lately' => 0,
			'at'     => 0,
			'ever'   => 0,
		);
		$lately = $tries['at'] > $now - HOUR_IN_SECONDS ? $tries['lately'] : 0;
		if ( $lately >= self::PER_HOUR || $tries['ever'] >= self::EVER ) {
			return null;
		}
		return array(
			'lately' => $lately + 1,
			'at'     => $now,
			'ever'   => $tries['ever'] + 1,
		);
	}

	/**
	 * Whether these are the last digits of the phone. A cart without one takes as long to say no.
	 *
	 * @param string $phone As typed; empty where nobody knows.
	 * @param string $given Digits.
	 * @return bool
	 */
	public static function fit( $phone, $given ) {
		$digits = (string) preg_replace( '/\D/', '', $phone );
		$known  = strlen( $digits ) > self::MANY ? substr( $digits, -self::MANY ) : 'none';
		return hash_equals( hash( 'sha256', $known ), hash( 'sha256', (string) preg_replace( '/\D/', '', $given ) ) );
	}
}
