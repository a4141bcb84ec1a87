<?php
/**
 * What Warmcart earned the shop lately.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * A card on the settings page. The server is asked at most once in some minutes, and the page does not wait long.
 */
final class Summary {

	const KEPT      = 'warmcart_summary';
	const MINUTES   = 10;
	const SECONDS   = 3;
	const ASK_AGAIN = 60;

	/**
	 * The figures as they were told last, or why there are none.
	 *
	 * @return array With told_at, and figures or problem.
	 */
	public static function get() {
		$kept = get_transient( self::KEPT );
		if ( is_array( $kept ) && isset( $kept['told_at'] ) ) {
			return $kept;
		}
		$answer = Question::ask( Question::SUMMARY, array(), self::SECONDS );
		$failed = is_wp_error( $answer );
		$told   = array(
			'told_at'  => time(),
			'figures'  => $failed ? array() : $answer,
			'problem'  => $failed ? $answer->get_error_message() : '',
		);
		set_transient( self::KEPT, $told, $failed ? self::ASK_AGAIN : self::MINUTES * MINUTE_IN_SECONDS );
		return $told;
	}

	/**
	 * Another connection has other figures.
	 */
	public static function forget() {
		delete_transient( self::KEPT );
	}

	/**
	 * The card.
	 */
	public static function show() {
		$told = self::get();
		echo '<div class="card"><h2 class="title">' . esc_html__( 'What Warmcart earned', 'warmcart' ) . '</h2>';
		if ( '' !== $told['problem'] ) {
			/* translators: %s: what went wrong. */
			echo '<p>' . esc_html( sprintf( __( 'No figures right now. %s', 'warmcart' ), $told['problem'] ) ) . '</p>';
		} else {
			self::show_figures( self::rows( $told['figures'] ) );
			/* translators: %s: a time of day. */
			echo '<p class="description">' . esc_html( sprintf( __( 'As of %s.', 'warmcart' ), wp_date( get_option( 'time_format' ), $told['told_at'] ) ) ) . '</p>';
		}
		Settings_Page::begin( 'warmcart_enter' );
		submit_button( __( 'Open Warmcart', 'warmcart' ), 'secondary', 'submit', true, array( 'id' => 'warmcart-enter' ) );
		echo '</form></div>';
	}

	/**
	 * Names and figures.
	 *
	 * @param array $figures As told by the server.
	 * @return array
	 */
	public static function rows( array $figures ) {
		$figures = array_merge(
			array(
				'days'          => 30,
				'orders'        => 0,
				'texts'         => 0,
				'carts_waiting' => 0,
				'revenue'       => array(),
			),
			$figures
		);
		$sums    = array();
		foreach ( (array) $figures['revenue'] as $currency => $sum ) {
			// With its code: many currencies have the same symbol.
			$price  = wp_strip_all_tags( wc_price( (float) $sum, array( 'currency' => (string) $currency ) ) );
			$sums[] = html_entity_decode( $price, ENT_QUOTES, 'UTF-8' ) . ' ' . $currency;
		}
		/* translators: %d: a number of days. */
		$in_days = sprintf( __( 'in the last %d days', 'warmcart' ), $figures['days'] );
		return array(
			/* translators: %s: "in the last 30 days". */
			sprintf( __( 'Recovered orders %s', 'warmcart' ), $in_days ) => number_format_i18n( (int) $figures['orders'] ),
			/* translators: %s: "in the last 30 days". */
			sprintf( __( 'Their revenue %s', 'warmcart' ), $in_days ) => $sums ? implode( ', ', $sums ) : '0',
			/* translators: %s: "in the last 30 days". */
			sprintf( __( 'Texts sent %s', 'warmcart' ), $in_days ) => number_format_i18n( (int) $figures['texts'] ),
			__( 'Carts that wait for their next text', 'warmcart' ) => number_format_i18n( (int) $figures['carts_waiting'] ),
		);
	}

	/**
	 * As a table.
	 *
	 * @param array $rows Figures by name.
	 */
	private static function show_figures( array $rows ) {
		echo '<table class="widefat striped"><tbody>';
		foreach ( $rows as $name => $figure ) {
			printf( '<tr><th scope="row">%s</th><td><strong>%s</strong></td></tr>', esc_html( $name ), esc_html( $figure ) );
		}
		echo '</tbody></table>';
	}
}
