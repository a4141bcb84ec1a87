<?php
/**
 * The plugin's three tables.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Made when the plugin is activated, and where that did not happen (an upload, a site of a network, an update) in the
 * admin or by cron. dbDelta adds what a newer layout has more.
 */
final class Tables {

	const LAYOUT = '2';

	/**
	 * A site of a network is deleted, and its tables with it.
	 *
	 * @param array $tables Those that go.
	 * @return array
	 */
	public static function add_ours( $tables ) {
		return array_merge( $tables, array( Outbox::table(), Memory::table(), Openings::table() ) );
	}

	/**
	 * Make them unless they are there; an option says which layout they have.
	 */
	public static function install() {
		if ( get_option( Options::TABLES ) === self::LAYOUT ) {
			return;
		}
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$outbox  = Outbox::table();
		$memory  = Memory::table();
		$opening = Openings::table();
		$collate = $wpdb->get_charset_collate();
		dbDelta(
			"CREATE TABLE $outbox (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			subject varchar(80) NOT NULL,
			nonce char(32) NOT NULL,
			body longtext NOT NULL,
			created_at bigint(20) unsigned NOT NULL,
			PRIMARY KEY  (id),
			UNIQUE KEY subject (subject)
			) $collate;
			CREATE TABLE $memory (
			owner varchar(64) NOT NULL,
			cart_key char(32) NOT NULL,
			created_at bigint(20) unsigned NOT NULL,
			updated_at bigint(20) unsigned NOT NULL,
			page text,
			typed text,
			box text,
			order_id bigint(20) unsigned NOT NULL DEFAULT 0,
			goods longtext,
			fields text,
			tries text,
			PRIMARY KEY  (owner),
			UNIQUE KEY cart_key (cart_key),
			KEY updated_at (updated_at)
			) $collate;
			CREATE TABLE $opening (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			nonce char(32) NOT NULL,
			owner varchar(64) NOT NULL,
			cart_key char(32) NOT NULL,
			cid varchar(64) NOT NULL,
			opened_at bigint(20) unsigned NOT NULL,
			proven tinyint(1) NOT NULL DEFAULT 0,
			filled tinyint(1) NOT NULL DEFAULT 0,
			typed text,
			box text,
			said text,
			PRIMARY KEY  (id),
			UNIQUE KEY nonce (nonce),
			KEY owner (owner),
			KEY cart_key (cart_key),
			KEY opened_at (opened_at)
			) $collate;"
		);
		update_option( Options::TABLES, self::LAYOUT, true );
		Connection::tell_version();
	}
}
