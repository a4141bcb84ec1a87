<?php
/**
 * The plugin is deleted: nothing of it stays but what orders keep as proof of consent.
 *
 * @package Warmcart
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Take our tables and options out of one site.
 */
function warmcart_uninstall_site() {
	global $wpdb;
	foreach ( array( 'outbox', 'cart', 'opening' ) as $name ) {
		$wpdb->query( $wpdb->prepare( 'DROP TABLE IF EXISTS %i', $wpdb->prefix . "warmcart_$name" ) );
	}
	foreach ( array( 'settings', 'connection', 'attempt', 'state', 'tables' ) as $name ) {
		delete_option( "warmcart_$name" );
	}
	if ( function_exists( 'as_unschedule_all_actions' ) ) {
		as_unschedule_all_actions( 'warmcart_flush' );
		as_unschedule_all_actions( 'warmcart_tell_version' );
	}
}

if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids' ) ) as $warmcart_site ) {
		switch_to_blog( $warmcart_site );
		warmcart_uninstall_site();
		restore_current_blog();
	}
} else {
	warmcart_uninstall_site();
}
