"""Where the app shows a request: its page, and the state that the page's address and widgets say."""
