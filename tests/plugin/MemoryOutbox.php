<?php

use Warmcart\Outbox;

/** The outbox without a database. */
final class MemoryOutbox extends Outbox {

	public $rows = array();
	public $old  = 0;
	public $told = array();

	public $erasures = array();

	public function put_erasure( $email, $question ) {
		$this->erasures[ $email ] = json_decode( $question, true );
	}

	public function put( $subject, array $body ) {
		$this->told[] = array( $subject, $body );
	}

	public function add( $nonce, $body ) {
		$this->rows[] = (object) array( 'id' => count( $this->rows ) + 1, 'nonce' => $nonce, 'body' => $body );
		return $this;
	}

	public function oldest() {
		return $this->rows ? reset( $this->rows ) : null;
	}

	public function remove( $id ) {
		$this->rows = array_filter( $this->rows, function ( $row ) use ( $id ) {
			return $row->id !== $id;
		} );
	}

	public function waiting() {
		return count( $this->rows );
	}

	public function drop_old() {
		return $this->old;
	}
}
