from tests.desk.conftest import busybody, community, former
from tests.doors.marked import marked, resident

__all__ = ["busybody", "community", "former", "marked", "resident"]
