<?php
/**
 * The plugin is deleted: nothing of it stays but what orders keep: the proof of consent, and which cart they were.
 *
 * @package Warmcart
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/includes/class-options.php';
require_once __DIR__ . '/includes/class-signature.php';
require_once __DIR__ . '/includes/class-question.php';
require_once __DIR__ . '/includes/class-connection.php';
require_once __DIR__ . '/includes/class-sender.php';

/**
 * Take our tables and options out of one site.
 */
function warmcart_uninstall_site() {
	global $wpdb;
	if ( ! get_option( 'warmcart_tables' ) ) {
		return;
	}
	// If the server cannot be reached it is all the same: a secret that nobody holds signs nothing.
	\Warmcart\Question::ask( \Warmcart\Question::GOODBYE, array(), 2 );
	foreach ( array( 'outbox', 'cart', 'opening' ) as $name ) {
		$wpdb->query( $wpdb->prepare( 'DROP TABLE IF EXISTS %i', $wpdb->prefix . "warmcart_$name" ) );
	}
	foreach ( array( 'settings', 'connection', 'attempt', 'state', 'tables' ) as $name ) {
		delete_option( "warmcart_$name" );
	}
	delete_transient( 'warmcart_summary' );
	foreach ( array( '_transient_warmcart_notice_', '_transient_timeout_warmcart_notice_' ) as $name ) {
		$wpdb->query( $wpdb->prepare( 'DELETE FROM %i WHERE option_name LIKE %s', $wpdb->options, $wpdb->esc_like( $name ) . '%' ) );
	}
	delete_metadata( 'user', 0, '_wc_other/warmcart/sms_consent', '', true );
	if ( function_exists( 'as_unschedule_all_actions' ) ) {
		as_unschedule_all_actions( '', array(), 'warmcart' );
	}
}

if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $warmcart_site ) {
		switch_to_blog( $warmcart_site );
		warmcart_uninstall_site();
		restore_current_blog();
	}
} else {
	warmcart_uninstall_site();
}
