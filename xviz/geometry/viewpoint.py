"""From where a cloud is seen to begin with: decided once for the browser, which is told, and for paper."""

FIELD = 0.8  #: vertical field of view, radians
TURN, TILT = 0.7, 0.5  #: radians, around the vertical axis and above the floor
