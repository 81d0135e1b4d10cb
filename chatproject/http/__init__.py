"""What every request meets outside of its view.

`api_requests` takes API requests past the middleware of pages, `caching` says what may be kept,
`error_pages` are the answers where no view is asked, `cross_origin` says what pages of other
origins may send and read, `api_schema` is the API's description.
"""
