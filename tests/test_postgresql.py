import pandas as pd
import sqlalchemy


def test_a_real_server_keeps_what_is_written_to_it(postgresql):
    engine = sqlalchemy.create_engine(postgresql)
    pd.DataFrame({"a": [1, 2]}).to_sql("numbers", engine, index=False)
    assert pd.read_sql("SELECT sum(a) AS total FROM numbers", engine)["total"].item() == 3
    engine.dispose()


def test_each_test_has_a_database_of_its_own(postgresql):
    engine = sqlalchemy.create_engine(postgresql)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()
