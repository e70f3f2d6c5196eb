"""The only package, beside the pages, that imports Streamlit."""
