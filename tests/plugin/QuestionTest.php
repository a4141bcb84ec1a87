<?php

use Warmcart\Connection;
use Warmcart\Flush;
use Warmcart\Options;
use Warmcart\Outbox;
use Warmcart\Question;
use Warmcart\Sender;
use Warmcart\Signature;
use Warmcart\Summary;
use Warmcart\Way_In;

final class QuestionTest extends PluginTestCase {

	const SECRET = 'abababababababababababababababababababababababababababababababab';
	const SERVER = 'https://warmcart.example/webhooks/woocommerce/abc';

	public function test_a_question_is_signed_under_a_name_of_its_own_and_never_the_same_twice() {
		$this->connect();
		$this->answers( array( 'status' => 200, 'body' => '{}' ), array( 'status' => 200, 'body' => '{}' ) );
		Question::ask( Question::SUMMARY );
		Question::ask( Question::SUMMARY );
		list( $first, $second ) = $this->posted();
		$this->assertSame( self::SERVER . '/questions', $first['url'] );
		$this->assertSame( 0, $first['redirection'] );
		$told  = $first['headers'];
		$nonce = $told['X-Warmcart-Nonce'];
		$this->assertSame( hash_hmac( 'sha256', "warmcart-question.{$told['X-Warmcart-Timestamp']}.$nonce.{$first['body']}", self::SECRET ), $told['X-Warmcart-Signature'] );
		$event = Signature::headers( self::SECRET, $nonce, (int) $told['X-Warmcart-Timestamp'], $first['body'] );
		$this->assertNotSame( $event['X-Warmcart-Signature'], $told['X-Warmcart-Signature'] );
		$this->assertNotSame( $nonce, $second['headers']['X-Warmcart-Nonce'] );
	}

	public function test_a_shop_that_is_not_connected_asks_nobody() {
		$this->assertSame( Question::REFUSED, Question::ask( Question::SUMMARY )->get_error_code() );
		$this->assertSame( array(), $this->posted() );
	}

	/** @dataProvider failures */
	public function test_it_tells_what_may_pass_from_what_will_not( $answer, $code ) {
		$this->connect();
		$this->answers( $answer );
		$this->assertSame( $code, Question::ask( Question::LOGIN )->get_error_code() );
	}

	public function failures() {
		return array(
			array( new WP_Error( 'http', 'timed out' ), Question::AWAY ),
			array( array( 'status' => 503 ), Question::AWAY ),
			array( array( 'status' => 429 ), Question::AWAY ),
			array( array( 'status' => 401 ), Question::REFUSED ),
			array( array( 'status' => 404, 'body' => '<h1>Not here</h1>' ), Question::REFUSED ),
			array( array( 'status' => 302 ), Question::REFUSED ),
			array( array( 'status' => 200, 'body' => '<h1>Hello</h1>' ), Question::REFUSED ),
		);
	}

	public function test_a_shop_whose_clock_is_wrong_asks_once_more_by_the_servers() {
		$this->connect();
		$server = time() - 7200;
		$this->answers( array( 'status' => 401, 'date' => gmdate( 'D, d M Y H:i:s', $server ) . ' GMT' ), array( 'status' => 200, 'body' => '{"url":"x"}' ) );
		$this->assertSame( array( 'url' => 'x' ), Question::ask( Question::LOGIN ) );
		$this->assertEqualsWithDelta( $server, (int) $this->posted()[1]['headers']['X-Warmcart-Timestamp'], 2 );
	}

	public function test_an_erasure_that_waited_is_asked_for_as_a_question_until_it_is_done() {
		$this->connect();
		$outbox = new MemoryOutbox();
		$outbox->add( 'one', '{"type":"erase"}' );
		$outbox->rows[0]->subject = Outbox::ERASURE . 'x';
		$this->answers( array( 'status' => 503 ), array( 'status' => 409 ) );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( 1, $outbox->waiting() );
		Flush::work( $outbox, new Sender() );
		$this->assertSame( 0, $outbox->waiting() );
		$sent = $this->posted()[1];
		$this->assertSame( self::SERVER . '/questions', $sent['url'] );
		$this->assertSame( Signature::headers( self::SECRET, 'one', (int) $sent['headers']['X-Warmcart-Timestamp'], $sent['body'], Signature::QUESTION ), $sent['headers'] );
	}

	public function test_the_figures_are_asked_for_once_in_some_minutes() {
		$this->connect();
		$this->answers( array( 'status' => 200, 'body' => '{"days":30,"orders":3,"texts":1200,"carts_waiting":2,"revenue":{"AUD":"120.5000","NZD":"7"}}' ) );
		$first = Summary::get();
		$this->assertSame( $first, Summary::get() );
		$this->assertCount( 1, $this->posted() );
		$this->assertSame( 600, $GLOBALS['wordpress']['options']['_transient_warmcart_summary']['autoload'] );
		$this->assertSame( array( '3', "120.50\u{a0}$ AUD, 7.00\u{a0}$ NZD", '1,200', '2' ), array_values( Summary::rows( $first['figures'] ) ) );
	}

	public function test_a_server_that_does_not_answer_is_said_and_asked_again_after_a_minute() {
		$this->connect();
		$this->answers( new WP_Error( 'http', 'timed out' ) );
		$this->assertStringContainsString( 'timed out', Summary::get()['problem'] );
		$this->assertSame( array(), Summary::get()['figures'] );
		$this->assertCount( 1, $this->posted() );
		$this->assertSame( 60, $GLOBALS['wordpress']['options']['_transient_warmcart_summary']['autoload'] );
		$this->assertLessThan( 5, $this->posted()[0]['timeout'] );
	}

	/** @dataProvider links */
	public function test_the_browser_is_sent_to_a_login_of_the_server_alone( $url, $good ) {
		$this->assertSame( $good, Way_In::leads_to( $url, self::SERVER ) );
		$this->connect();
		$this->answers( array( 'status' => 200, 'body' => json_encode( array( 'url' => $url ) ) ) );
		$this->assertSame( $good ? $url : true, $good ? Way_In::link() : is_wp_error( Way_In::link() ) );
	}

	public function links() {
		$token = str_repeat( 'aZ9', 10 );
		return array(
			array( "https://warmcart.example/login/$token", true ),
			array( "https://warmcart.example/sub/login/$token", true ),
			array( "http://warmcart.example/login/$token", false ),
			array( "https://warmcart.example:8443/login/$token", false ),
			array( "https://evil.example/login/$token", false ),
			array( "https://warmcart.example@evil.example/login/$token", false ),
			array( "https://me@warmcart.example/login/$token", false ),
			array( "https://warmcart.example.evil.example/login/$token", false ),
			array( "https://warmcart.example\\@evil.example/login/$token", false ),
			array( "//warmcart.example/login/$token", false ),
			array( "https://warmcart.example/login/$token?next=https://evil.example", false ),
			array( "https://warmcart.example/login/$token\n", false ),
			array( 'https://warmcart.example/webhooks', false ),
			array( 'javascript:alert(1)', false ),
			array( '', false ),
		);
	}

	public function test_disconnecting_says_good_bye_and_goes_on_whatever_comes_of_it() {
		$this->connect();
		$this->answers( new WP_Error( 'http', 'timed out' ) );
		Connection::disconnect();
		$this->assertSame( 'goodbye', json_decode( $this->posted()[0]['body'], true )['type'] );
		$this->assertFalse( Options::is_connected() );
	}
}
