<?php
/**
 * Two requests that must not do the same at the same time.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The database's own locks: they end with the request, whatever becomes of it.
 */
final class Lock {

	/**
	 * Do something under a lock.
	 *
	 * @param string   $name    Of the lock, in this shop.
	 * @param int      $seconds How long to wait for it.
	 * @param callable $work    What to do; it is told whether nobody else is at it: true, false, or null where the database
	 *                          has no such locks (Percona XtraDB Cluster in its strict mode).
	 */
	public static function hold( $name, $seconds, $work ) {
		global $wpdb;
		// Other shops on the same database server have locks of their own.
		$lock   = 'warmcart_' . md5( DB_NAME . $wpdb->prefix . $name );
		$answer = $wpdb->get_var( $wpdb->prepare( 'SELECT GET_LOCK(%s, %d)', $lock, $seconds ) );
		$held   = null === $answer ? null : '1' === (string) $answer;
		try {
			$work( $held );
		} finally {
			$wpdb->get_var( $wpdb->prepare( 'SELECT RELEASE_LOCK(%s)', $lock ) );
		}
	}
}
