"""What a shopper opens: short links, and the page to stop the texts or choose among them."""

from flask import Flask


def init_app(app: Flask) -> None:
    from app.links import preference_page, short_links, visitors

    visitors.warm_up()
    app.register_blueprint(short_links.blueprint)
    app.register_blueprint(preference_page.blueprint)
