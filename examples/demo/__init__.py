"""
`python -m examples.demo`: real certificates over real TLS into the three example apps, the good ones and the forged.

`cases` is the table as data, `servers` starts what is asked, `answers` asks over a real connection, `report` compares.
"""
