"""The samples that come with xviz."""
