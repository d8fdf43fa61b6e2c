"""Reading rows of licences from CSV and JSON Lines. (Another owner, ROWS, is writing this file right now: leave it.)"""
