<?php
/**
 * WordPress's own tools for personal data.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Under Tools, "Export Personal Data" and "Erase Personal Data" reach what the plugin keeps and what the server
 * keeps. WordPress calls both page by page, as long as they are not done.
 */
final class Privacy {

	const NAME = 'warmcart';

	/**
	 * What is remembered.
	 *
	 * @var Memory
	 */
	private $memory;

	/**
	 * Which browser came by which link.
	 *
	 * @var Openings
	 */
	private $openings;

	/**
	 * Where events wait.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * Needs the memory, the openings, and the outbox.
	 *
	 * @param Memory   $memory   What is remembered.
	 * @param Openings $openings Which browser came by which link.
	 * @param Outbox   $outbox   Where events wait.
	 */
	public function __construct( Memory $memory, Openings $openings, Outbox $outbox ) {
		$this->memory   = $memory;
		$this->openings = $openings;
		$this->outbox   = $outbox;
	}

	/**
	 * Before the erasers of WooCommerce, which take the addresses out of the orders by which numbers are found.
	 */
	public function listen() {
		add_filter( 'wp_privacy_personal_data_exporters', array( $this, 'add_exporter' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( $this, 'add_eraser' ), 1 );
	}

	/**
	 * To WordPress's list.
	 *
	 * @param array $exporters Those that are there.
	 * @return array
	 */
	public function add_exporter( $exporters ) {
		$exporters[ self::NAME ] = array(
			'exporter_friendly_name' => 'Warmcart',
			'callback'               => array( $this, 'export' ),
		);
		return $exporters;
	}

	/**
	 * To WordPress's list.
	 *
	 * @param array $erasers Those that are there.
	 * @return array
	 */
	public function add_eraser( $erasers ) {
		$erasers[ self::NAME ] = array(
			'eraser_friendly_name' => 'Warmcart',
			'callback'             => array( $this, 'erase' ),
		);
		return $erasers;
	}

	/**
	 * One page of what is stored. Half an export would be a wrong answer: while the server is away there is none.
	 *
	 * @param string $email Of whom.
	 * @param int    $page  From 1.
	 * @return array|\WP_Error
	 */
	public function export( $email, $page = 1 ) {
		$person = new Person( $email, $this->memory, $this->openings, $this->outbox );
		$items  = 1 === (int) $page ? Told::here( $person ) : array();
		if ( ! Options::is_connected() ) {
			return array(
				'data' => $items,
				'done' => true,
			);
		}
		$answer = Question::ask( Question::EXPORT, $person->named() + array( 'page' => (int) $page ), 20 );
		if ( is_wp_error( $answer ) ) {
			return self::fail( $answer );
		}
		return array(
			'data' => array_merge( $items, Told::there( $answer, (int) $page ) ),
			'done' => ! empty( $answer['done'] ),
		);
	}

	/**
	 * Erase here, and there. An erasure of which the server could not be told waits until it can.
	 *
	 * @param string $email Of whom.
	 * @return array
	 */
	public function erase( $email ) {
		$person  = new Person( $email, $this->memory, $this->openings, $this->outbox );
		$here    = $person->forget( $this->memory, $this->openings, $this->outbox );
		$outcome = Options::is_connected() ? self::erase_there( $person, $this->outbox ) : self::outcome( false, false, self::unconnected() );

		$outcome['items_removed'] = $here || $outcome['items_removed'];
		return $outcome;
	}

	/**
	 * Ask the server.
	 *
	 * @param Person $person Whom.
	 * @param Outbox $outbox Where it waits otherwise.
	 * @return array
	 */
	private static function erase_there( Person $person, Outbox $outbox ) {
		$answer = Question::ask( Question::ERASE, $person->named(), 20 );
		if ( ! is_wp_error( $answer ) ) {
			$left = empty( $answer['left_out'] ) ? 0 : (int) $answer['left_out'];
			return self::outcome( ! empty( $answer['erased'] ), $left > 0, $left ? Told::left_out( $left ) : '' );
		}
		if ( Question::AWAY !== $answer->get_error_code() ) {
			/* translators: %s: what went wrong. */
			return self::outcome( false, true, sprintf( __( 'Warmcart was not told to erase what it keeps: %s', 'warmcart' ), $answer->get_error_message() ) );
		}
		$outbox->put_erasure( $person->email, Question::body( Question::ERASE, $person->named() ) );
		Flush::soon();
		return self::outcome( false, true, __( 'Warmcart cannot be reached. It is told to erase what it keeps as soon as it can be; WooCommerce > Warmcart shows what waits.', 'warmcart' ) );
	}

	/**
	 * As WordPress wants to be told. It puts messages into its page as they are.
	 *
	 * @param bool   $removed  Whether something is gone.
	 * @param bool   $retained Whether something is still there.
	 * @param string $message  For the administrator; empty for none.
	 * @return array
	 */
	private static function outcome( $removed, $retained, $message ) {
		return array(
			'items_removed'  => $removed,
			'items_retained' => $retained,
			'messages'       => '' === $message ? array() : array( esc_html( $message ) ),
			'done'           => true,
		);
	}

	/**
	 * A shop that was connected once may have data of the person on a server that it cannot ask any more.
	 */
	private static function unconnected() {
		$settings = Options::settings();
		return '' === $settings['server'] ? '' : __( 'This shop is not connected with Warmcart any more. What your Warmcart server keeps is erased there, on its page "Requests".', 'warmcart' );
	}

	/**
	 * WordPress shows a sentence only if it is answered as its own tools answer; a WP_Error shows as "[object Object]"
	 * (wp-admin/js/privacy-tools.js, 6.9).
	 *
	 * @param \WP_Error $error What went wrong.
	 * @return \WP_Error
	 */
	private static function fail( $error ) {
		/* translators: %s: what went wrong. */
		$message = sprintf( __( 'Warmcart was not asked for what it keeps: %s Try again later.', 'warmcart' ), rtrim( $error->get_error_message(), '.' ) . '.' );
		if ( wp_doing_ajax() ) {
			wp_send_json_error( esc_html( $message ) );
		}
		return new \WP_Error( $error->get_error_code(), $message );
	}
}
