<?php
/**
 * Emptying the outbox.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Runs in the queue of Action Scheduler, never while a shopper waits for an answer.
 */
final class Flush {

	const HOOK         = 'warmcart_flush';
	const GROUP        = 'warmcart';
	const SECONDS      = 20;
	const LONGEST_WAIT = HOUR_IN_SECONDS;

	/**
	 * As soon as the queue runs.
	 */
	public static function soon() {
		self::schedule( time() );
	}

	/**
	 * One flush waits in the queue, whoever asks; one that runs already does not count.
	 *
	 * @param int $at Seconds since 1970.
	 */
	private static function schedule( $at ) {
		if ( ! function_exists( 'as_enqueue_async_action' ) ) {
			return;
		}
		$pending = array(
			'hook'     => self::HOOK,
			'status'   => 'pending',
			'per_page' => 1,
		);
		if ( as_get_scheduled_actions( $pending, 'ids' ) ) {
			return;
		}
		if ( $at > time() ) {
			as_schedule_single_action( $at, self::HOOK, array(), self::GROUP );
		} else {
			as_enqueue_async_action( self::HOOK, array(), self::GROUP );
		}
	}

	/**
	 * Not any more, nor anything else of ours.
	 */
	public static function unschedule() {
		if ( function_exists( 'as_unschedule_all_actions' ) ) {
			as_unschedule_all_actions( '', array(), self::GROUP );
		}
	}

	/**
	 * Send what waits, unless the server failed a moment ago, or another request is sending.
	 */
	public static function run() {
		if ( ! Options::is_connected() ) {
			return;
		}
		Lock::hold(
			'flush',
			0,
			function ( $alone ) {
				$state = Options::state();
				// Where nobody knows, an event may be sent twice; it counts once.
				if ( false !== $alone && $state['retry_at'] <= time() ) {
					self::work( new Outbox(), new Sender() );
				}
			}
		);
		self::look_again( new Outbox(), Options::state() );
	}

	/**
	 * Send the oldest first, until all are gone, one fails, or the time is up.
	 *
	 * @param Outbox $outbox What waits.
	 * @param Sender $sender Who sends.
	 */
	public static function work( Outbox $outbox, Sender $sender ) {
		$state             = Options::state();
		$before            = $state;
		$state['dropped'] += $outbox->drop_old();
		$until             = time() + self::SECONDS;
		$result            = Sender::SENT;
		while ( Sender::AGAIN !== $result && time() < $until ) {
			$event = $outbox->oldest();
			if ( ! $event ) {
				break;
			}
			$result = $sender->send( $event );
			$state  = self::note( $state, $result, $sender->problem, time() );
			if ( Sender::AGAIN !== $result ) {
				$outbox->remove( $event->id );
			}
		}
		if ( $state !== $before ) {
			Options::change_state( $state );
		}
	}

	/**
	 * The state after one try. Each failure in a row doubles the wait: one minute, two, four, up to an hour.
	 *
	 * @param array  $state   Before.
	 * @param string $result  Of the sender.
	 * @param string $problem Of the sender.
	 * @param int    $now     Seconds since 1970.
	 * @return array
	 */
	public static function note( array $state, $result, $problem, $now ) {
		if ( Sender::AGAIN === $result ) {
			$wait              = min( MINUTE_IN_SECONDS * pow( 2, min( $state['failures'], 10 ) ), self::LONGEST_WAIT );
			$state['failures'] = $state['failures'] + 1;
			$state['retry_at'] = $now + (int) $wait;
			$state['error']    = $problem;
			return $state;
		}
		$state['failures'] = 0;
		$state['retry_at'] = 0;
		$refused           = Sender::REFUSED === $result;
		$state['error']    = $refused ? $problem : '';
		$state['refused'] += $refused ? 1 : 0;
		$state['sent_at']  = $refused ? $state['sent_at'] : $now;
		return $state;
	}

	/**
	 * While something waits the queue looks every minute, later after failures.
	 *
	 * @param Outbox $outbox What waits.
	 * @param array  $state  Of sending.
	 */
	private static function look_again( Outbox $outbox, array $state ) {
		if ( $outbox->waiting() ) {
			self::schedule( max( time() + MINUTE_IN_SECONDS, $state['retry_at'] ) );
		}
	}
}
