"""What a shopper opens: short links and the page that stops the texts."""

from flask import Flask


def init_app(app: Flask) -> None:
    from app.links import short_links, stop_page, visitors

    visitors.warm_up()
    app.register_blueprint(short_links.blueprint)
    app.register_blueprint(stop_page.blueprint)
