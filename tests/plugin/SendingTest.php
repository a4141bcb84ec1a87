<?php

use Warmcart\Flush;
use Warmcart\Options;
use Warmcart\Sender;
use Warmcart\Signature;

final class SendingTest extends PluginTestCase {

	const TAKEN = array( 'status' => 200 );

	public function test_events_leave_signed_and_the_oldest_first() {
		$this->connect();
		$this->answers( self::TAKEN, self::TAKEN );
		$outbox = ( new MemoryOutbox() )->add( 'first', '{"a":1}' )->add( 'second', '{"b":2}' );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( array( '{"a":1}', '{"b":2}' ), array_column( $this->posted(), 'body' ) );
		$this->assertSame( 0, $outbox->waiting() );
		$told = $this->posted()[0]['headers'];
		$this->assertSame( Signature::headers( str_repeat( 'ab', 32 ), 'first', (int) $told['X-Warmcart-Timestamp'], '{"a":1}' ), $told );
		$this->assertEqualsWithDelta( time(), Options::state()['sent_at'], 2 );
	}

	public function test_marks_of_translatepress_leave_before_an_event_is_signed() {
		$this->connect();
		$this->answers( self::TAKEN );
		$marked = wp_json_encode( array( 'a' => '#!trpst#trp-gettext data-trpgettextoriginal=4360#!trpen#Schreibt mir#!trpst#/trp-gettext#!trpen#!' ) );
		Flush::work( ( new MemoryOutbox() )->add( 'first', $marked ), new Sender() );
		list( $posted ) = $this->posted();
		$this->assertSame( '{"a":"Schreibt mir!"}', $posted['body'] );
		$this->assertSame( Signature::headers( str_repeat( 'ab', 32 ), 'first', (int) $posted['headers']['X-Warmcart-Timestamp'], $posted['body'] ), $posted['headers'] );
	}

	public function test_while_the_server_is_away_all_wait_and_nothing_is_lost() {
		$this->connect();
		$this->answers( new WP_Error( 'http', 'timed out' ) );
		$outbox = ( new MemoryOutbox() )->add( 'first', '{}' )->add( 'second', '{}' );
		Flush::work( $outbox, new Sender() );
		$this->assertCount( 1, $this->posted() );
		$this->assertSame( 2, $outbox->waiting() );
		$this->assertSame( 'timed out', Options::state()['error'] );
		$this->assertGreaterThan( time(), Options::state()['retry_at'] );
	}

	public function test_an_event_that_waited_is_signed_anew_under_its_own_name() {
		$this->connect( 1000 );
		$this->answers( array( 'status' => 503 ), self::TAKEN );
		$outbox = ( new MemoryOutbox() )->add( 'first', '{}' );
		Flush::work( $outbox, new Sender() );
		Flush::work( $outbox, new Sender() );
		list( $before, $after ) = array_column( $this->posted(), 'headers' );
		$this->assertSame( $before['X-Warmcart-Nonce'], $after['X-Warmcart-Nonce'] );
		$this->assertEqualsWithDelta( time() + 1000, (int) $after['X-Warmcart-Timestamp'], 2 );
		$this->assertSame( '', Options::state()['error'] );
	}

	public function test_each_failure_doubles_the_wait_up_to_an_hour() {
		$state = Options::state();
		$waits = array();
		for ( $i = 0; $i < 9; $i++ ) {
			$state   = Flush::note( $state, Sender::AGAIN, 'no', 1000 );
			$waits[] = $state['retry_at'] - 1000;
		}
		$this->assertSame( array( 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 ), $waits );
		$this->assertSame( 0, Flush::note( $state, Sender::SENT, '', 1000 )['retry_at'] );
	}

	public function test_what_the_server_cannot_read_does_not_hold_up_the_rest() {
		$this->connect();
		$this->answers( array( 'status' => 400 ), self::TAKEN );
		$outbox = ( new MemoryOutbox() )->add( 'bad', '{}' )->add( 'good', '{}' );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( 0, $outbox->waiting() );
		$this->assertSame( 1, Options::state()['refused'] );
	}

	/** @dataProvider passing */
	public function test_what_may_pass_is_tried_again( $status ) {
		$this->connect();
		$this->answers( array( 'status' => $status ) );
		$outbox = ( new MemoryOutbox() )->add( 'first', '{}' );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( 1, $outbox->waiting() );
		$this->assertNotSame( '', Options::state()['error'] );
	}

	public function passing() {
		return array( array( 302 ), array( 401 ), array( 403 ), array( 404 ), array( 429 ), array( 500 ), array( 503 ) );
	}

	public function test_a_shop_whose_clock_is_wrong_takes_the_servers() {
		$this->connect();
		$server = time() + 7200;
		$this->answers( array( 'status' => 401, 'date' => gmdate( 'D, d M Y H:i:s', $server ) . ' GMT' ), self::TAKEN );
		$outbox = ( new MemoryOutbox() )->add( 'first', '{}' );
		Flush::work( $outbox, new Sender() );
		Flush::work( $outbox, new Sender() );
		$this->assertEqualsWithDelta( $server, (int) $this->posted()[1]['headers']['X-Warmcart-Timestamp'], 2 );
		$this->assertSame( 0, $outbox->waiting() );
	}

	public function test_what_was_thrown_away_is_counted() {
		$this->connect();
		$outbox      = new MemoryOutbox();
		$outbox->old = 3;
		Flush::work( $outbox, new Sender() );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( 6, Options::state()['dropped'] );
	}

	public function test_only_one_flush_waits_in_the_queue() {
		Flush::soon();
		Flush::soon();
		$this->assertSame( array( array( 'warmcart_flush', 0 ) ), $GLOBALS['wordpress']['scheduled'] );
	}

	public function test_a_shop_that_is_not_connected_sends_nothing() {
		Flush::run();
		$this->assertSame( array(), $this->posted() );
		$this->assertSame( array(), $GLOBALS['wordpress']['scheduled'] );
	}

	public function test_only_one_request_sends_at_a_time() {
		$this->connect();
		$GLOBALS['wordpress']['rows'] = array( (object) array( 'id' => 1, 'nonce' => 'first', 'body' => '{}' ) );
		$GLOBALS['wordpress']['lock'] = '0';
		Flush::run();
		$this->assertSame( array(), $this->posted() );
		$GLOBALS['wordpress']['lock'] = '1';
		$this->answers( self::TAKEN );
		Flush::run();
		$this->assertCount( 1, $this->posted() );
	}

	public function test_a_database_without_locks_sends_too() {
		$this->connect();
		$GLOBALS['wordpress']['rows'] = array( (object) array( 'id' => 1, 'nonce' => 'first', 'body' => '{}' ) );
		$GLOBALS['wordpress']['lock'] = null;
		$this->answers( self::TAKEN );
		Flush::run();
		$this->assertCount( 1, $this->posted() );
	}
}
