"""One file a method, all with the signature of ``xviz.explain.method.Explain``."""
